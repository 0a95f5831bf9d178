"""The compose file keeps every service small, guarded and watched, and names what exists."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import main
from app.settings import SECRETS, Settings, from_environment
from tests.deploy.recipe import (
    DEPLOY,
    ROOT,
    compose,
    environment,
    metrics_described,
    metrics_named,
    services,
    weaknesses,
)

NAMES = sorted(services())
OURS = [name for name in NAMES if services()[name]["image"].startswith("promptroom:")]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_has_nothing_that_it_does_not_need(name: str) -> None:
    assert list(weaknesses(services()[name])) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("deploy", {}),
        ("healthcheck", {}),
        ("read_only", False),
        ("user", "0:0"),
        ("user", "www"),
        ("cap_drop", []),
        ("cap_add", ["NET_ADMIN"]),
        ("security_opt", []),
        ("network_mode", "host"),
        ("image", "redis:latest"),
        ("environment", {"PROMPTROOM_SECRET_KEY": "x"}),
    ],
)
def test_a_weakness_is_found(key: str, value: Any) -> None:
    assert list(weaknesses(services()["web"] | {key: value}))


def test_only_the_proxy_can_be_reached() -> None:
    assert [name for name in NAMES if "ports" in services()[name]] == ["proxy"]
    assert all(port.startswith(("127.0.0.1:", "${")) for port in services()["proxy"]["ports"])


def test_data_is_apart_from_the_edge() -> None:
    networks = {name: set(services()[name]["networks"]) for name in NAMES}
    assert networks["postgres"] == networks["redis"] == {"data"}
    assert "data" not in networks["proxy"] | networks["prometheus"] | networks["grafana"]
    assert [name for name in NAMES if "edge" in networks[name]] == ["proxy"]
    closed = {name for name, made in compose()["networks"].items() if made.get("internal")}
    assert set(compose()["networks"]) - closed == {"edge"}


def test_who_needs_somebody_waits_until_they_are_well() -> None:
    waits = {name: services()[name].get("depends_on", {}) for name in NAMES}
    conditions = [wait["condition"] for wanted in waits.values() for wait in wanted.values()]
    assert set(conditions) == {"service_healthy"}
    assert set(waits["proxy"]) == {"web"}
    assert all({"postgres"} <= set(waits[name]) for name in OURS)


def test_leaving_has_the_time_it_takes() -> None:
    web = services()["web"]
    drain = int(environment(web)["PROMPTROOM_DRAIN_SECONDS"])
    assert (
        int(web["stop_grace_period"].removesuffix("s")) >= drain + 30
    )  # docs/operations.md, Drain


@pytest.mark.parametrize("name", OURS)
def test_our_command_lines_are_understood(name: str) -> None:
    command, *options = services()[name]["command"]
    main.commands[command].make_context(command, options)
    with pytest.raises(Exception, match="planted"):
        main.commands[command].make_context(command, [*options, "--planted"])


@pytest.mark.parametrize("name", OURS)
def test_our_health_checks_run_what_the_image_has(name: str) -> None:
    """Packages and a checkout: no console script is made there."""
    how, program, *arguments = services()[name]["healthcheck"]["test"]
    assert (how, program) == ("CMD", "python")
    if arguments[:2] == ["-m", "app"]:
        _, _, command, *options = arguments
        main.commands[command].make_context(command, options)


@pytest.mark.parametrize("name", OURS)
def test_our_settings_exist_and_can_be_used(name: str, tmp_path: Path) -> None:
    subprocess.run(["sh", DEPLOY / "secrets.sh", tmp_path], check=True, capture_output=True)
    given = {
        variable: str(tmp_path / Path(value).name)
        if variable.endswith("_FILE")
        else re.sub(r"\$\{.*:-|\}", "", value)
        for variable, value in environment(services()[name]).items()
        if variable.startswith("PROMPTROOM_")
    }
    known = {f"PROMPTROOM_{field.upper()}" for field in Settings.__struct_fields__}
    assert set(given) <= known | {f"PROMPTROOM_{field.upper()}_FILE" for field in SECRETS}
    assert from_environment(given).secret_key == (tmp_path / "secret_key").read_text().strip()


def test_every_file_exists_and_every_secret_is_made(tmp_path: Path) -> None:
    subprocess.run(["sh", DEPLOY / "secrets.sh", tmp_path], check=True, capture_output=True)
    for name, secret in compose()["secrets"].items():
        assert Path(secret["file"]).name == name
        assert (tmp_path / name).read_text().strip(), name
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    subprocess.run(["sh", DEPLOY / "secrets.sh", tmp_path], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert tmp_path.stat().st_mode & 0o077 == 0
    used = {name for service in services().values() for name in service.get("secrets", [])}
    assert used == set(compose()["secrets"])
    for service in services().values():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), volume


def test_the_proxy_takes_as_much_as_the_application() -> None:
    core = (ROOT / "app/server/core.py").read_text("utf-8")
    assert "request_max_body_size=4 * 1024 * 1024" in core
    assert "client_max_body_size 4m;" in (DEPLOY / "nginx/nginx.conf").read_text("utf-8")


def test_the_servers_believe_the_proxys_network_alone() -> None:
    (web,) = compose()["networks"]["web"]["ipam"]["config"]
    assert environment(services()["web"])["FORWARDED_ALLOW_IPS"] == web["subnet"]
    (edge,) = compose()["networks"]["edge"]["ipam"]["config"]
    config = (DEPLOY / "nginx/nginx.conf").read_text("utf-8")
    assert re.findall(r"set_real_ip_from (.*);", config) == [edge["gateway"]]


# Figures


def alerts() -> list[dict[str, Any]]:
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))
    return [rule for group in rules["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    text = (DEPLOY / "grafana/dashboards/promptroom.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def expressions() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*panels, *(rule["expr"] for rule in alerts())]


def test_every_figure_that_is_watched_exists() -> None:
    named = set().union(*map(metrics_named, expressions()))
    assert len(named) > 15
    assert named - metrics_described() == set()
    assert metrics_named("rate(promptroom_planted_total[5m])") - metrics_described()


def test_every_alert_has_its_row_in_the_manual() -> None:
    manual = (ROOT / "docs/operations.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([A-Z][A-Za-z]+)` \|", manual, re.MULTILINE))
    assert rows == {rule["alert"] for rule in alerts()}
    assert all(rule["annotations"]["summary"] for rule in alerts())


def test_panels_do_not_lie_on_each_other() -> None:
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in dashboard()["panels"])
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))


# The image


def test_what_the_image_holds_is_enough(tmp_path: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (\w+) (\w+)$", dockerfile, re.MULTILINE)
    assert {source for source, _ in copied} == {"app", "static", "templates"}
    ignore = shutil.ignore_patterns("__pycache__", "src")
    for source, target in copied:
        shutil.copytree(ROOT / source, tmp_path / target, ignore=ignore)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PROMPTROOM_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "app", "routes"],
        cwd=tmp_path,
        env=clean | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "/rooms/{room_id" in done.stdout


def test_the_image_is_pinned_checked_and_not_roots() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    assert "--require-hashes --only-binary=:all:" in dockerfile
    final = dockerfile.rpartition("\nFROM ")[2]
    assert not re.search(r"\bpip\b|\bapt-get\b", final)
    assert services()["web"]["user"] in re.findall(r"^USER (.*)", final, re.MULTILINE)
    assert "HEALTHCHECK" in final


def test_a_planted_copy_is_not_the_file() -> None:
    changed = copy.deepcopy(services()["redis"])
    del changed["deploy"]["resources"]["limits"]["memory"]
    assert list(weaknesses(changed)) == ["no limit of {'memory'}"]
