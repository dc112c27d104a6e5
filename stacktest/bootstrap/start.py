"""How the services of one stack are brought up."""

import secrets
from collections.abc import Callable
from functools import partial

from stacktest.adapters.startup.up import BringUp, bring_up
from stacktest.bootstrap.context import Project, now
from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.readiness import parse_rule
from stacktest.core.runs.history import usual_boot
from stacktest.errors import StacktestError


def new_run_id() -> str:
    """Names a run: when it began, and something that no other run has."""
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def starter(
    project: Project,
    progress: Progress,
    *,
    run_id: str,
    mode: str,
    keep: bool,
    on_failure: Callable[[StacktestError], None] = lambda _: None,
) -> Callable[[Plan], BringUp]:
    """Brings up what a plan asks for, as the configuration says."""
    config = project.config
    rules = {
        name: parse_rule(section.ready, where=f"{config.file}:services.{name}.ready")
        for name, section in config.services.items()
        if section.ready
    }
    return lambda plan: bring_up(
        project.stack,
        plan,
        project.compose,
        project.engine,
        run_id=run_id,
        mode=mode,
        rules=rules,
        timeouts={name: section.timeout for name, section in config.services.items()},
        progress=progress,
        answers=partial(_answers, project),
        keep=keep,
        probe_image=config.stack.probe_image,
        usual=lambda name: usual_boot(project.ledger.history(name)[0]),
        on_failure=on_failure,
    )


# Private


def _answers(project: Project, host: str) -> str:
    """Empty when something behind the front door answers for `host`, else why not."""
    import httpx

    from stacktest.adapters.names import http_client
    from stacktest.adapters.tls import client_context
    from stacktest.core.readiness import GATEWAY_ERRORS
    from stacktest.core.routing import origin

    if project.ca is not None and project.makes_its_ca and not project.ca.is_file():
        return f"the CA {project.ca} has not been made yet"
    names = project.names
    url = origin(names.doors, host)
    with http_client(names, client_context(project.ca), url, timeout=3) as client:
        try:
            status = client.get("/").status_code
        except httpx.HTTPError as error:
            return f"{url}/ does not answer: {error}"
    return f"{url}/ answers {status}" if status in GATEWAY_ERRORS else ""
