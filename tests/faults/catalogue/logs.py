"""Faults of phase 2: Loki and Promtail."""

from tests.faults.catalogue.common import RELOAD, Suite, caddy
from tests.faults.model import Edit, Fault, Recreate

loki = Suite("loki", "phase2", "test_loki", upstream="loki:3100")
promtail = Suite("promtail", "phase2", "test_promtail", needs=("loki", "caddy"))
PROMTAIL = "configs/promtail/promtail.yml"
NETWORK = (
    '    networks: [backend]\n    group_add: ["${DOCKER_GID:-0}"]\n    depends_on:\n      loki'
)

PUSHED = (
    "test_a_pushed_line_is_found",
    "test_lines_keep_their_order",
    "test_a_filter_finds_only_what_fits",
    "test_a_label_can_be_looked_up",
)

FAULTS: tuple[Fault, ...] = (
    *loki.behind_the_door(),
    loki.fault(
        "the front door takes no lines",
        caddy(
            "reverse_proxy loki:3100",
            "@push path /loki/api/v1/push\n\trespond @push 204\n\treverse_proxy loki:3100",
        ),
        *PUSHED,
        "test_a_malformed_push_is_refused",
        "test_a_line_of_last_month_is_refused",
        undo=(RELOAD,),
    ),
    loki.newer_upstream("3.2.1", "test_the_program_has_the_pinned_version"),
    promtail.fault(
        "it sends its lines where nobody listens",
        (Edit(PROMTAIL, "http://loki:3100/", "http://loki:9/"), Recreate("promtail")),
        "test_it_sends_to_loki",
        "test_it_drops_nothing",
        "test_what_a_service_writes_is_found_under_its_name",
    ),
    promtail.fault(
        "it looks for another project",
        (
            Edit(
                PROMTAIL,
                "com.docker.compose.project=${PROJECT}",
                "com.docker.compose.project=other",
            ),
            Recreate("promtail"),
        ),
        "test_it_is_ready",
        "test_it_drops_nothing",
        "test_it_reads_a_container_for_every_running_service",
        "test_what_a_service_writes_is_found_under_its_name",
        "test_only_this_project_is_read",
    ),
    promtail.changed(
        NETWORK,
        NETWORK.replace("[backend]", "[frontend, backend]"),
        "the frontend can reach it",
        "test_the_frontend_has_no_way_to_it",
    ),
    promtail.sleeps("  promtail:\n    <<: *stand-in\n", "*"),
)
