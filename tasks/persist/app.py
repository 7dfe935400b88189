"""The Lambda handler of PersistResult."""

from persist.recordings_table import RecordingsTable
from persist.result import PersistedResult, ResultEvent, persist_result
from shared.clients import dynamodb_resource, s3_client
from shared.environment import PersistResultEnvironment
from shared.lambda_task import lambda_task

ENVIRONMENT = PersistResultEnvironment.read()


@lambda_task(ResultEvent)
def handler(event: ResultEvent) -> PersistedResult:
    """Write what the manifest says into the table: the one-shots first, the recording as COMPLETED last.

    Event: `{recordingId, executionArn, bucket, outputPrefix}`.
    Returns: `{recordingId, outcome: "completed", oneShotCount, manifestKey, durationSeconds}`.

    Raises:
        InvalidUpload: the manifest's outcome is `rejected`; its reason is passed on.
        ResultMissing: there is no manifest.
        ResultInvalid: the manifest breaks its contract.
        ClaimLost: another execution holds the recording.

    """
    table = RecordingsTable(dynamodb_resource().Table(ENVIRONMENT.table_name))
    return persist_result(event, s3=s3_client(), table=table)
