"""The seams to moto: one module for each thing of moto's that is mended here.

Each module says on top what moto does, what is done instead and where upstream knows of it; each has a
contract test in tests/unit/engine/ that fails when upstream mends it, so that the module can go.

Patches are installed once per process and look the engine up when they run (`host.current()`), so that one
engine after another can live in a process.
"""

from local.engine.seams import (
    acting,
    bucket_settings,
    casing,
    choice_rules,
    clients,
    conditional_resources,
    conditional_writes,
    distributed_maps,
    event_targets,
    execution_records,
    execution_status_events,
    failure_names,
    faults,
    function_versions,
    intrinsic_functions,
    item_readers,
    jsonata_expressions,
    lambda_functions,
    log_group_arns,
    managed_rules,
    map_definitions,
    nested_executions,
    object_events,
    references,
    result_writers,
    sdk_failures,
    state_evaluation,
    state_machine_versions,
    state_machines,
    task_definitions,
    tasks,
    time_scale,
    variables,
)

_SEAMS = (
    acting,
    bucket_settings,
    casing,
    choice_rules,
    clients,
    conditional_resources,
    conditional_writes,
    distributed_maps,
    event_targets,
    execution_records,
    execution_status_events,
    failure_names,
    function_versions,
    intrinsic_functions,
    item_readers,
    jsonata_expressions,
    lambda_functions,
    log_group_arns,
    map_definitions,
    nested_executions,
    object_events,
    references,
    result_writers,
    sdk_failures,
    state_evaluation,
    state_machine_versions,
    state_machines,
    task_definitions,
    tasks,
    time_scale,
    variables,
    # around what the others put there
    managed_rules,
    faults,
)
_installed = False


def install() -> None:
    """Install every seam; does nothing the second time."""
    global _installed  # noqa: PLW0603 - moto is patched once per process
    if not _installed:
        for seam in _SEAMS:
            seam.install()
        _installed = True
