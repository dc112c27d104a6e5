"""Makes the function that brings up the services of one stack."""

from collections.abc import Callable, Collection
from functools import cache, partial

from stacktest.adapters.startup.up import BringUp, bring_up
from stacktest.bootstrap.context import Project, now
from stacktest.bootstrap.diagnosing import diagnose_failure
from stacktest.bootstrap.door_answer import door_answer
from stacktest.bootstrap.readiness_rules import readiness_rules
from stacktest.bootstrap.upstream_watch import UpstreamWatch
from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.redaction import clean
from stacktest.core.runs.history import usual_boot
from stacktest.core.secrets import secrets_of
from stacktest.errors import StacktestError


def starter(
    project: Project,
    progress: Progress,
    *,
    run_id: str,
    mode: str,
    keep: bool,
    on_failure: Callable[[StacktestError], None] = lambda _: None,
) -> Callable[[Plan], BringUp]:
    """A function that brings up the services of a plan by the configuration."""
    config = project.config
    start = partial(
        bring_up,
        mode=mode,
        rules=readiness_rules(config),
        timeouts={
            name: section.timeout for name, section in config.services.items() if section.timeout
        },
        progress=progress,
        answers=partial(door_answer, project, unreached=UpstreamWatch(project).judge),
        keep=keep,
        probe_image=config.stack.probe_image,
        usual=cache(lambda name: usual_boot(project.ledger.recent(name))),
        on_failure=on_failure,
        diagnose=partial(diagnose_failure, project),
    )

    def start_without_secrets(plan: Plan) -> BringUp:
        secrets_of_stack = secrets_of(project.stack)
        try:
            up = start(
                project.stack,
                plan,
                project.deployment,
                project.engine,
                run_id=run_id,
                begun=now().timestamp(),
            )
        except StacktestError as error:
            hide(error, secrets_of_stack)
            raise
        up.failures = clean(up.failures, secrets_of_stack)
        return up

    return start_without_secrets


def hide(error: StacktestError, values: Collection[str]) -> None:
    """Remove secrets from all texts of an error: a service's last log lines may hold some."""
    error.args = clean(error.args, values)
    for name, value in vars(error).items():
        setattr(error, name, clean(value, values))
