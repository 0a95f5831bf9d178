"""What docker-compose.yml and the files under deploy/ say, and what each service lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

Service = Mapping[str, Any]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def environment(service: Service) -> dict[str, str]:
    return dict(service.get("environment", {}))


def weaknesses(service: Service) -> Iterator[str]:
    """What would let somebody who got into the service do more, or one that hangs go unnoticed."""
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if missing := {"cpus", "memory", "pids"} - set(limits):
        yield f"no limit of {missing}"
    if not service.get("healthcheck", {}).get("test"):
        yield "no health check"
    if service.get("read_only") is not True or not service.get("tmpfs"):
        yield "a root file system that can be written to, or nothing else that can"
    if not re.fullmatch(r"[1-9]\d*:\d+", str(service.get("user", ""))):
        yield "root, or a user that the image chooses"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "new privileges"
    if service.get("privileged") or service.get("network_mode") or service.get("pid"):
        yield "a part of the host"
    if not re.search(r":v?\d+\.\d+\.\d+|:\d+\.\d+-|^promptroom:", service.get("image", "")):
        yield "an image without a version"
    for name in environment(service):
        is_secret = re.search(r"PASSWORD|SECRET|KEY|DATABASE_URL|REDIS_URL", name)
        if is_secret and not name.endswith("_FILE"):
            yield f"a secret in the environment: {name}"


def metrics_named(text: str) -> set[str]:
    """Metrics of ours in an expression, without what Prometheus appends for histograms."""
    names = set(re.findall(r"\bpromptroom_[a-z_]+", text))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def metrics_described() -> set[str]:
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    return set(re.findall(r"^\| `(promptroom_[a-z_]+)`", page, re.MULTILINE))
