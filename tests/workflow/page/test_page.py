"""What the page's server answers, and what it refuses."""

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.page import documents
from local.page.application import PREFIX
from tests.recordings import beeps, wav_recording
from tests.workflow.page.conftest import SOUND, Page, path_of

Finished = Callable[[Page], str]


def started(path: str) -> str:
    return path.replace("/api/executions", "/executions")


def wait_for_row(page: Page, path: str) -> dict[str, Any]:
    page.ended(path)
    page.engine._observers.settle(10)
    rows = page.get("/api/executions").json["executions"]
    return next(row for row in rows if path_of(row) == path)


def test_given_an_upload_by_the_page_when_it_ends_then_list_and_execution_tell_what_became_of_it(page: Page) -> None:
    path = page.upload(wav_recording(beeps(3)), "naïve take 100%.wav", output_format="flac")

    document = page.ended(path)

    row = wait_for_row(page, path)
    assert (row["recording"], row["user"], row["status"], row["state"]) == (
        "naïve take 100%.wav",
        "demo",
        "SUCCEEDED",
        "Processed",
    )
    assert document["recording"]["source"]["settings"] == {"output-format": "flac"}
    assert [shot["format"] for shot in document["recording"]["manifest"]["oneShots"]] == ["flac"] * 3


def test_given_a_list_that_is_known_when_asked_since_then_only_what_changed_comes(page: Page) -> None:
    wait_for_row(page, page.upload(wav_recording(beeps(1)), "before.wav"))
    page.engine.settle_events(10)
    known = page.get("/api/executions").json["revision"]
    path = page.upload(wav_recording(beeps(1)), "after.wav")
    page.ended(path)

    rows = page.get(f"/api/executions?since={known}").json["executions"]

    assert "after.wav" in [row["recording"] for row in rows]
    assert "before.wav" not in [row["recording"] for row in rows]


def test_given_an_execution_that_has_not_changed_when_asked_again_then_nothing_is_sent(page: Page) -> None:
    path = page.upload(wav_recording(beeps(1)), "still.wav")
    wait_for_row(page, path)
    revision = page.get(path).json["revision"]

    assert page.get(f"{path}?revision={revision}").status_code == 204


def test_given_a_processed_recording_when_its_files_are_asked_for_then_they_come_as_data_that_does_nothing(
    page: Page, finished: Finished
) -> None:
    path = finished(page)

    source = page.get(f"{started(path)}/files/source")
    part = page.get(f"{started(path)}/files/source", Range="bytes=10-19")
    shot = page.get(f"{started(path)}/files/one-shots/1")
    waveform = page.get(f"{started(path)}/files/waveform.json")

    assert (source.data, source.mimetype) == (SOUND, "audio/wav")
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (
        206,
        SOUND[10:20],
        f"bytes 10-19/{len(SOUND)}",
    )
    assert (shot.mimetype, waveform.json["version"]) == ("audio/wav", 2)
    assert source.headers["Content-Security-Policy"].startswith("sandbox")
    assert source.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("file", ["one-shots/99", "manifest.json", "../../secret", "one-shots/..", "source/x"])
def test_given_a_file_that_the_recording_does_not_have_when_asked_for_then_there_is_none(
    page: Page, finished: Finished, file: str
) -> None:
    assert page.get(f"{started(finished(page))}/files/{file}").status_code == 404


def test_given_a_range_beyond_the_end_when_asked_for_then_it_is_refused(page: Page, finished: Finished) -> None:
    assert page.get(f"{started(finished(page))}/files/source", Range="bytes=99999999-").status_code == 416


def test_given_an_upload_that_says_it_is_a_page_when_it_is_asked_for_then_it_is_sent_as_no_page(page: Page) -> None:
    path = page.upload(b"<script>alert(1)</script>", "evil.html")
    page.ended(path)

    sent = page.get(f"{started(path)}/files/source")

    assert sent.mimetype == "application/octet-stream"
    assert sent.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_given_an_execution_when_its_report_is_asked_for_then_it_comes_as_a_file_to_keep(
    page: Page, finished: Finished
) -> None:
    report = page.get(f"{started(finished(page))}/report.html")

    assert (report.mimetype, report.headers["Content-Disposition"]) == ("text/html", "attachment")
    assert "<title>files.wav · ProcessRecording SUCCEEDED</title>" in report.text


def test_given_an_execution_when_it_is_uploaded_again_then_it_is_a_recording_of_its_own_with_the_same_settings(
    page: Page,
) -> None:
    path = page.upload(wav_recording(beeps(2)), "again.wav", target_loudness="-14")
    first = page.ended(path)

    answer = page.change("POST", f"{path}/upload-again")

    second = page.ended(path_of(answer.json["execution"]))
    assert second["recording"]["record"]["processing_status"] == "COMPLETED"
    assert second["recording"]["id"] != first["recording"]["id"]
    assert second["recording"]["source"]["settings"] == {"target-loudness": "-14"}


def test_given_a_processed_recording_when_it_is_started_again_then_it_is_already_processed(
    page: Page,
) -> None:
    path = page.upload(wav_recording(beeps(1)), "claimed.wav")
    page.ended(path)

    answer = page.change("POST", f"{path}/start-again")

    again = page.ended(path_of(answer.json["execution"]))
    assert again["visits"][-1]["state"] == "AlreadyProcessed"


def test_given_a_fault_when_it_is_set_then_uploads_run_into_it_until_it_is_taken_away(page: Page) -> None:
    (fault,) = page.change("POST", "/api/faults", {"text": "ExtractMetadata=Lambda.ServiceExceptionx2"}).json
    hit = page.ended(page.upload(wav_recording(beeps(1)), "hit.wav"))
    left = page.change("DELETE", f"/api/faults/{fault['number']}").json
    spared = page.ended(page.upload(wav_recording(beeps(1)), "spared.wav"))

    def attempts(document: dict[str, Any]) -> int:
        return sum(len(visit["attempts"]) for visit in document["visits"] if visit["state"] == "ExtractMetadata")

    assert (attempts(hit), left, attempts(spared)) == (3, [], 1)


def test_given_text_that_is_no_fault_when_it_is_set_then_it_is_told_what_is_allowed(page: Page) -> None:
    answer = page.change("POST", "/api/faults", {"text": "ClaimRecording=exit:1"})

    assert answer.status_code == 400
    assert "ClaimRecording calls dynamodb, which knows no exit" in answer.json["message"]


@pytest.mark.parametrize("body", [{}, {"text": 3}, [], "ProcessAudio=oom"])
def test_given_no_text_when_a_fault_is_to_be_set_then_it_is_told(page: Page, body: Any) -> None:
    assert page.change("POST", "/api/faults", body).status_code == 400


def test_given_a_fault_that_is_gone_when_it_is_taken_away_then_it_is_told(page: Page) -> None:
    assert page.change("DELETE", "/api/faults/4711").json == {"message": "There is no fault 4711."}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"user": "a/b"}, "The user is 'a/b'; allowed: 1 to 64 letters"),
        ({"settings": "{"}, "The settings are no JSON"),
        ({"settings": '{"features": 3}'}, "The settings are no object of texts."),
        ({"settings": '{"A B": "x"}'}, "The setting is 'A B'"),
        ({"settings": '{"features": "naïve"}'}, "features is 'naïve'; S3 takes printable ASCII"),
        ({"settings": '{"features": "' + "x" * 2048 + '"}'}, "S3 takes 2048 of metadata"),
        ({"name": "x" * 1100}, "S3 takes 1024 of UTF-8"),
    ],
)
def test_given_an_upload_that_s3_would_refuse_when_it_is_made_then_it_is_told_what_is_allowed(
    page: Page, query: dict[str, str], told: str
) -> None:
    origin = f"http://127.0.0.1:{page.engine.port}"
    answer = page._client.post(
        f"{PREFIX}/api/uploads",
        base_url=origin,
        data=b"x",
        query_string={"name": "x.wav", **query},
        headers={"Origin": origin},
    )

    assert (answer.status_code, told in answer.json["message"]) == (400, True), answer.json


def test_given_more_than_the_page_takes_when_it_is_uploaded_then_it_is_refused_unread(page: Page) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", page.engine.port)
    connection.putrequest("POST", f"{PREFIX}/api/uploads?name=big.wav")
    connection.putheader("Origin", f"http://127.0.0.1:{page.engine.port}")
    connection.putheader("Content-Length", str(2 * 1024**3))
    connection.endheaders()
    answer = connection.getresponse()

    assert answer.status == 413
    assert json.load(answer) == {"message": "The file has 2147483648 bytes; the page takes 1073741824."}


WRITES = (
    "/api/uploads",
    "/api/sample",
    "/api/faults/1",
    "/api/executions/A/b/upload-again",
    "/api/executions/A/b/start-again",
)


@pytest.mark.parametrize("path", WRITES)
def test_given_what_changes_something_when_it_is_only_read_then_it_is_not_done(page: Page, path: str) -> None:
    assert page.get(path).status_code == 405


@pytest.mark.parametrize("path", [*WRITES, "/api/faults"])
def test_given_another_origin_when_it_wants_to_change_something_then_it_is_refused(page: Page, path: str) -> None:
    for method in ("POST", "DELETE"):
        assert page.change(method, path, Origin="http://evil.example").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/static/vendor/vendor.json", "/static/../application.py", "/static/%2e%2e/application.py", "/static/", "/x"],
)
def test_given_what_is_no_part_of_the_page_when_asked_for_then_there_is_none(page: Page, path: str) -> None:
    assert page.get(path).status_code == 404


def test_given_the_page_when_it_is_opened_then_it_loads_only_what_is_ours(page: Page) -> None:
    answer = page.get("/")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r'(?:src|href)="(?!/_page/static/|data:,)', answer.text) == []
    for name in re.findall(r'"(/_page/static/[^"]+)"', answer.text):
        assert page.get(name.removeprefix(PREFIX)).status_code == 200, name


def test_given_the_root_when_a_browser_opens_it_then_it_is_sent_to_the_page(page: Page) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", page.engine.port)
    connection.request("GET", "/", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"})
    answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (302, f"{PREFIX}/")


def test_given_a_stored_object_when_a_browser_opens_it_by_its_s3_address_then_it_is_refused(page: Page) -> None:
    bucket = page.engine.outputs["RecordingsBucketName"]
    page.engine.client("s3").put_object(
        Bucket=bucket, Key="page.html", Body=b"<script>1</script>", ContentType="text/html"
    )
    connection = http.client.HTTPConnection("127.0.0.1", page.engine.port)
    connection.request("GET", f"/{bucket}/page.html", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"})

    assert connection.getresponse().status == 403


@pytest.mark.parametrize(
    ("name", "body", "result"),
    [
        ("shots.wav", wav_recording(beeps(2)), "2 one-shots"),
        ("one.wav", wav_recording(beeps(1)), "1 one-shot"),
        ("letter.m4a", b"Dear Sir " * 100, "NOT_AUDIO: file 'letter.m4a' is not audio"),
    ],
)
def test_given_an_execution_that_ended_when_it_is_listed_then_it_says_what_came_of_it(
    page: Page, name: str, body: bytes, result: str
) -> None:
    assert wait_for_row(page, page.upload(body, name))["result"].startswith(result)


ODD_INPUTS = ({"detail": None}, {"detail": 5}, {"detail": {"object": None}}, {"detail": []}, [], 7, None, "text")


def test_given_executions_of_any_input_when_they_run_then_the_list_goes_on(page: Page) -> None:
    sfn, machine = page.engine.client("stepfunctions"), page.engine.outputs["ProcessRecordingArn"]
    for given in ODD_INPUTS:
        arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        page.engine.wait(arn, 30)

    path = page.upload(wav_recording(beeps(1)), "after odd inputs.wav")

    assert wait_for_row(page, path)["status"] == "SUCCEEDED"


def test_given_a_fault_when_an_execution_of_another_input_runs_then_it_is_left_alone(page: Page) -> None:
    (fault,) = page.change("POST", "/api/faults", {"text": "ValidateUpload=Lambda.ServiceExceptionx*"}).json
    sfn = page.engine.client("stepfunctions")
    arn = sfn.start_execution(
        stateMachineArn=page.engine.outputs["ProcessRecordingArn"], input=json.dumps({"detail": None})
    )["executionArn"]

    assert page.engine.wait(arn, 30).error != "Lambda.ServiceException"
    page.change("DELETE", f"/api/faults/{fault['number']}")


def test_given_an_upload_in_parts_when_it_is_uploaded_again_then_it_is_processed_as_well(page: Page) -> None:
    s3, named = page.engine.client("s3"), {"Bucket": page.engine.outputs["RecordingsBucketName"]}
    named["Key"] = "public/unprocessed/demo/in parts.wav"
    sound = wav_recording(beeps(60))
    assert len(sound) > 5 * 1024**2  # S3's smallest part
    upload = named | {"UploadId": s3.create_multipart_upload(**named, ChecksumAlgorithm="CRC32")["UploadId"]}
    parts = []
    for number, piece in enumerate((sound[: 5 * 1024**2], sound[5 * 1024**2 :]), start=1):
        answer = s3.upload_part(**upload, PartNumber=number, Body=piece, ChecksumAlgorithm="CRC32")
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    path = path_of(page.listed("in parts.wav"))
    assert page.ended(path)["recording"]["record"]["processing_status"] == "COMPLETED"

    again = page.ended(path_of(page.change("POST", f"{path}/upload-again").json["execution"]))

    assert again["recording"]["record"]["processing_status"] == "COMPLETED"


def test_given_a_state_machine_that_is_deleted_when_its_executions_are_asked_for_then_that_is_told(page: Page) -> None:
    sfn = page.engine.client("stepfunctions")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    machine = sfn.create_state_machine(
        name="short-lived", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/any"
    )["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    page.engine.wait(arn, 30)
    page.engine._observers.settle(10)
    sfn.delete_state_machine(stateMachineArn=machine)
    path = f"/api/executions/short-lived/{arn.rpartition(':')[2]}"

    for answer in (page.get(path), page.get(f"{path}/one-shots"), page.change("POST", f"{path}/start-again")):
        assert answer.status_code in {404, 502}
        assert arn.rpartition(":")[2] in answer.json["message"]


def test_given_machines_of_like_names_when_their_executions_are_asked_for_then_each_is_its_own(page: Page) -> None:
    sfn = page.engine.client("stepfunctions")
    for state, machine in (("One", "one-Twin-ABCDEFGHIJKL"), ("Other", "other-Twin-ABCDEFGHIJKL")):
        definition = {"StartAt": state, "States": {state: {"Type": "Succeed"}}}
        arn = sfn.create_state_machine(
            name=machine, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/any"
        )["stateMachineArn"]
        page.engine.wait(sfn.start_execution(stateMachineArn=arn, name="same")["executionArn"], 30)
    page.engine._observers.settle(10)

    rows = [row for row in page.get("/api/executions").json["executions"] if row["name"] == "same"]

    states = [page.get(path_of(row)).json["document"]["visits"][0]["state"] for row in rows]
    assert sorted(states) == ["One", "Other"]


def test_given_a_recording_that_is_deleted_when_its_execution_is_asked_for_again_then_that_shows(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = page.upload(wav_recording(beeps(1)), "deleted.wav")
    before = page.ended(path)["recording"]["source"]
    revision = page.get(path).json["revision"]
    page.engine.client("s3").delete_object(Bucket=before["bucket"], Key=before["key"], VersionId=before["versionId"])
    monkeypatch.setattr(documents, "_FRESH_SECONDS", 0.0)

    answer = page.get(f"{path}?revision={revision}")

    assert (before["isThere"], answer.json["document"]["recording"]["source"]["isThere"]) == (True, False)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/uploads?name=a%0ab.wav", b"x"),
        ("/api/uploads?name=", b"x"),
        ("/api/uploads?name=x&settings=" + "[" * 20_000, b"x"),
    ],
)
def test_given_what_no_upload_can_be_when_it_is_sent_then_it_is_refused_in_words(
    page: Page, path: str, body: bytes
) -> None:
    answer = page.change("POST", path, body)

    assert (answer.status_code, bool(answer.json["message"])) == (400, True)


def test_given_json_too_deep_when_a_fault_is_set_then_it_is_refused_in_words(page: Page) -> None:
    answer = page.change("POST", "/api/faults", b"[" * 30_000, Content_Type="application/json")

    assert (answer.status_code, bool(answer.json["message"])) == (400, True)


@pytest.mark.parametrize("asked", ["items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=", "\u00e9", "bytes=0x0-1"])
def test_given_a_range_that_is_none_when_it_is_asked_for_then_the_whole_comes(
    page: Page, finished: Finished, asked: str
) -> None:
    answer = page.get(f"{started(finished(page))}/files/source", Range=asked)

    assert (answer.status_code, answer.data) == (200, SOUND)


def test_given_a_head_request_when_a_file_is_asked_for_then_only_its_headers_come(
    page: Page, finished: Finished
) -> None:
    answer = page._ask("HEAD", f"{started(finished(page))}/files/source", {})

    assert (answer.status_code, answer.headers["Content-Length"], answer.data) == (200, str(len(SOUND)), b"")


@pytest.mark.parametrize("path", ["/api/executions", "/static/page.js", "/api/stack", "/api/faults"])
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, {"Host": "evil.example:80"}]
)
def test_given_another_site_when_it_asks_for_anything_but_the_page_itself_then_it_is_refused(
    page: Page, path: str, headers: dict[str, str]
) -> None:
    assert page.get(path, **headers).status_code == 403


def test_given_a_link_on_another_site_when_it_opens_the_page_then_it_opens(page: Page) -> None:
    assert page.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status_code == 200
