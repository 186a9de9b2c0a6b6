"""What is in ``deploy/`` fits the service: metrics, settings and doors that there are, and a runbook for each alert."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from loopgraph.api.http.health import health_routes
from loopgraph.api.http.metrics import metrics_routes
from loopgraph.api.metrics import METHODS, Metrics
from loopgraph.checking import check_settings
from loopgraph.commands.app import app
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.serve import GRACE_S
from loopgraph.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "loopgraph.json"
MANIFESTS = DEPLOY / "kubernetes" / "loopgraph.yaml"
UNIT = DEPLOY / "systemd" / "loopgraph.service"
RUNBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

LONGEST_END_S = max(Settings().ingest_drain_ms, Settings().operation_timeout_ms) / 1000 + GRACE_S


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known() -> dict[str, frozenset[str]]:
    """The names under which the registry's series are asked for, with their labels."""
    found = {"up": frozenset({"job"})}
    registry = Metrics().registry
    for family in registry.collect():
        labels = frozenset(getattr(registry._names_to_collectors.get(family.name), "_labelnames", ()))
        match family.type:
            case "counter":
                found[f"{family.name}_total"] = labels
            case "histogram":
                found |= {f"{family.name}_sum": labels, f"{family.name}_count": labels}
                found[f"{family.name}_bucket"] = labels | {"le"}
            case _:
                found[family.name] = labels
    return found


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression asks for, with the labels that it selects by."""
    for name, selector in re.findall(r"\b((?:loopgraph|process)_\w+|up)\b(?:\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selector)))


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_dashboard_ask_for_metrics_that_there_are(expression: str) -> None:
    names, found = known(), list(asked(expression))
    assert found
    for name, labels in found:
        assert name in names, name
        assert labels <= names[name] | {"instance", "job"}, (name, labels)
    summed = [label for by in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", by)]
    assert set(summed) <= {"instance"}.union(*(names[name] for name, _ in found))
    assert expression.count("(") == expression.count(")")


def test_a_metric_that_there_is_not_is_found_out() -> None:
    assert dict(asked('sum(rate(loopgraph_none_total{of="x"}[5m]))')) == {"loopgraph_none_total": {"of"}}
    assert "loopgraph_none_total" not in known()


def test_every_alert_has_its_place_in_the_runbook_and_none_is_there_without() -> None:
    named = {rule["alert"] for rule in rules()}
    assert set(re.findall(r"^### (Loopgraph\w+)$", RUNBOOK, re.M)) == named
    for rule in rules():
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_every_code_of_the_services_own_errors_has_its_place_in_the_runbook() -> None:
    api = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    [table] = re.findall(r"^## What errors say$(.*?)^## ", api, re.M | re.S)
    codes = {
        code
        for codes, status in re.findall(r"^\| (`.*?) \| ([0-9, ]*) ?\|", table, re.M)
        for code in re.findall(r"`([A-Z_]+)`", codes)
        if status.startswith("5") or status.startswith("429") or code in ("OPERATION_TIMEOUT", "UNPROCESSABLE")
    }
    [runbook] = re.findall(r"^## What each error means$(.*?)(?:^## |\Z)", RUNBOOK, re.M | re.S)
    told = {code for row in re.findall(r"^\| (`.*?) \|", runbook, re.M) for code in re.findall(r"`([A-Z_]+)`", row)}
    assert told == codes


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
def test_promtool_takes_the_alerts() -> None:
    subprocess.run(["promtool", "check", "rules", str(ALERTS)], check=True)


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_is_one_of_promql(expression: str) -> None:
    parser = pytest.importorskip("promql_parser")
    assert parser.parse(re.sub(r"\$__\w+", "5m", expression)) is not None


@pytest.mark.lengthy
def test_the_manifests_are_what_kubernetes_takes() -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")  # 108 MB of schemas: who changes the manifests installs it
    for document in yaml.safe_load_all(MANIFESTS.read_text(encoding="utf-8")):
        kubernetes.validate(document, kubernetes.latest_version(), strict=True)


@pytest.mark.lengthy
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(
        re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text(encoding="utf-8"), flags=re.M)
    )
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_is_not_started_again_with_a_setting_that_cannot_be() -> None:
    [code] = re.findall(r"^RestartPreventExitStatus=(\d+)$", UNIT.read_text(encoding="utf-8"), re.M)
    assert int(code) == ExitCode.USAGE


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def test_compose_waits_for_what_is_healthy_and_sets_settings_that_there_are() -> None:
    services = compose()["services"]
    known_names = {f"LOOPGRAPH_{name.upper()}" for name in Settings.model_fields}
    for name, service in services.items():
        if not name.startswith("loopgraph-"):
            assert service["healthcheck"]["test"], name
            continue
        assert set(service["environment"]) <= known_names
        assert service["restart"] == "unless-stopped"
        assert int(service["stop_grace_period"].removesuffix("s")) > LONGEST_END_S
        assert all(one["condition"] == "service_healthy" for one in service["depends_on"].values())
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), "nobody is told apart"
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in service["environment"].items():
                patch.setenv(variable, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value))
            patch.setenv("LOOPGRAPH_HOST", "0.0.0.0")  # noqa: S104 - as the image has it
            check_settings(Settings())
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [asked] = re.findall(r"^HEALTHCHECK .*?'http://127.0.0.1:8053(/\w+)'", image, re.M | re.S)
    assert asked in {route.path for route in health_routes}


def documents() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in yaml.safe_load_all(MANIFESTS.read_text(encoding="utf-8"))}


def test_the_manifests_set_settings_that_there_are_to_values_that_they_may_have() -> None:
    [container] = documents()["Deployment"]["spec"]["template"]["spec"]["containers"]
    given = dict(documents()["ConfigMap"]["data"])
    names = [*given, *(one["name"] for one in container["env"])]
    known_names = {f"LOOPGRAPH_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in names if name != "POD_IP"} <= known_names
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        patch.setenv("LOOPGRAPH_ALLOWED_HOSTS", "loopgraph-api,10.1.2.3")
        check_settings(Settings())
        assert Settings().allow_unauthenticated


def test_the_manifests_ask_at_doors_that_there_are_and_wait_long_enough_for_the_end() -> None:
    pod = documents()["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    paths = {route.path for route in (*health_routes, *metrics_routes)}
    probes = [container[name]["httpGet"] for name in ("livenessProbe", "startupProbe", "readinessProbe")]
    assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
    assert {probe["path"] for probe in probes} <= paths
    assert documents()["Deployment"]["spec"]["template"]["metadata"]["annotations"]["prometheus.io/path"] in paths
    assert pod["terminationGracePeriodSeconds"] > LONGEST_END_S
    assert documents()["Service"]["metadata"]["name"] != "loopgraph", "LOOPGRAPH_PORT would be set for it"


@pytest.mark.lengthy
def test_the_unit_starts_a_command_with_settings_that_there_are() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    service = parser["Service"]
    program, command = service["ExecStart"].split()
    assert program.endswith("/loopgraph")
    assert command in get_command(app).commands  # type: ignore[attr-defined]
    assert int(service["TimeoutStopSec"]) > LONGEST_END_S
    names = re.findall(r"^Environment=LOOPGRAPH_(\w+)=", UNIT.read_text(encoding="utf-8"), re.M)
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_methods_that_are_counted_by_name_are_few() -> None:
    assert len(METHODS) < 10
