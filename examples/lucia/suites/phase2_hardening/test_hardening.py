"""Neither service can do more than it needs; what documents say of the container is so."""

import pytest

BOTH = pytest.mark.service("lucia", "redis")
PER_SERVICE = pytest.mark.parametrize(
    "service",
    [
        pytest.param("lucia", marks=pytest.mark.service("lucia")),
        pytest.param("redis", marks=pytest.mark.service("redis")),
    ],
)
CAPABILITIES = {"NET_RAW": 13, "SYS_PTRACE": 19, "SYS_ADMIN": 21}


def status_of_main_process(inside, service):
    lines = inside(service).run("cat", "/proc/1/status").out.splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@BOTH
@pytest.mark.claim("L11")
def test_ports_are_bound_to_localhost(container):
    ports = [*container("lucia").ports, *container("redis").ports]
    assert sorted(port.target for port in ports) == [6379, 8080, 8081]
    assert {port.host_ip for port in ports} == {"127.0.0.1"}


@pytest.mark.service("lucia")
@pytest.mark.claim("L12")
def test_https_is_off(reach_from):
    assert reach_from("lucia-network", "lucia", 8080) == "open"
    assert reach_from("lucia-network", "lucia", 8081) == "refused"


@pytest.mark.service("lucia")
@pytest.mark.claim("L13")
def test_the_agent_host_is_user_1000(inside):
    assert inside("lucia").run("id", "-u").out.strip() == "1000"
    assert status_of_main_process(inside, "lucia")["Uid"].split() == ["1000"] * 4


@PER_SERVICE
@pytest.mark.claim("L15")
def test_the_root_cannot_be_written(container, inside, service):
    assert container(service).read_only
    refused = inside(service).run("touch", "/x", user="root")
    assert refused.code == 1
    assert "Read-only file system" in refused.err
    assert inside(service).run("touch", "/tmp/x").code == 0


@BOTH
@pytest.mark.claim("L16")
def test_rights_are_dropped(container, inside):
    assert set(container("lucia").capabilities.dropped) == set(CAPABILITIES)
    bounding = int(status_of_main_process(inside, "lucia")["CapBnd"], 16)
    assert [name for name, bit in CAPABILITIES.items() if bounding >> bit & 1] == []
    for service in ("lucia", "redis"):
        assert container(service).capabilities.no_new_privileges
        assert status_of_main_process(inside, service)["NoNewPrivs"] == "1"


@BOTH
@pytest.mark.claim("L17")
def test_limits(container):
    lucia, redis = container("lucia").limits, container("redis").limits
    assert (lucia.cpus, lucia.memory, lucia.memory_reservation) == (2, 2**30, 2**29)
    assert (redis.cpus, redis.memory, redis.memory_reservation) == (1, 2**29, 2**28)


@BOTH
@pytest.mark.claim("L19")
def test_the_agent_host_waits_for_redis(container):
    assert container("redis").healthy_since is not None
    assert container("redis").healthy_since <= container("lucia").started


@pytest.mark.service("lucia")
@pytest.mark.claim("L2")
def test_the_agent_host_is_healthy(container):
    assert container("lucia").health == "healthy"


@BOTH
@pytest.mark.claim("L20")
def test_logs_rotate(container):
    lucia, redis = container("lucia").log_config, container("redis").log_config
    assert (lucia.driver, redis.driver) == ("json-file", "json-file")
    assert lucia.options == {"max-size": "20m", "max-file": "5", "tag": "lucia"}
    assert redis.options == {"max-size": "10m", "max-file": "3", "tag": "redis"}


@pytest.mark.service("lucia")
@pytest.mark.claim("L24")
def test_the_model_is_configured(inside):
    value = inside("lucia").run("printenv", "ConnectionStrings__chat-model").out.strip()
    parts = dict(part.split("=", 1) for part in value.split(";"))
    assert list(parts) == ["Endpoint", "AccessKey", "Model", "Provider"]
    assert parts["Provider"] in {"openai", "azureopenai", "ollama", "azureinference"}


@pytest.mark.service("lucia")
@pytest.mark.claim("L36")
def test_traces_have_somewhere_to_go(container):
    assert container("lucia").env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4317"


@BOTH
@pytest.mark.alone
@pytest.mark.claim("L29")
def test_it_is_idle(container):
    assert container("lucia").memory() <= 400 * 2**20
    assert container("redis").memory() <= 100 * 2**20
    assert container("lucia").cpu() < 0.05
    assert container("redis").cpu() < 0.05


@BOTH
@pytest.mark.claim("L37")
def test_the_network_is_named(container):
    for service in ("lucia", "redis"):
        settings = container(service).raw["NetworkSettings"]
        assert list(settings["Networks"]) == ["example-lucia-network"]
