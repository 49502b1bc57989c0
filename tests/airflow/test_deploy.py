"""What platforms are told, held against their own published models, and told to a stand-in for EMR Serverless."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.small import ROOT

pytestmark = pytest.mark.airflow
ROLE = "arn:aws:iam::123456789012:role/tasni"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tasni deploy render` writes, in a folder for each target."""
    out = tmp_path_factory.mktemp("rendered")
    for target in ("databricks", "emr-serverless"):
        command = [ROOT / ".venv/bin/tasni", "deploy", "render", "--target", target, "--out", out / target]
        subprocess.run(command, check=True, capture_output=True)
    return out


def test_jobs_are_what_the_sdk_of_databricks_knows(rendered: Path) -> None:
    """A key that the service does not have would be lost on the way through its dataclasses."""
    from databricks.sdk.service.jobs import JobSettings

    for file in (rendered / "databricks/resources").glob("*.yml"):
        for told in yaml.safe_load(file.read_text())["resources"]["jobs"].values():
            plain = json.loads(re.sub(r'"\$\{resources\.jobs\.\w+\.id\}"', "7", json.dumps(told)))
            assert JobSettings.from_dict(plain).as_dict() == plain


def test_requests_are_what_the_model_of_emr_serverless_knows(rendered: Path) -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("emr-serverless")
    files = sorted((rendered / "emr-serverless").glob("**/*.json"))
    assert len(files) > 10
    for file in files:
        name = "CreateApplication" if file.name == "application.json" else "StartJobRun"
        filled = file.read_text().replace("@APPLICATION@", "00f1").replace("@ROLE@", ROLE)
        request = json.loads(filled) | {"clientToken": "token"}
        report = ParamValidator().validate(request, model.operation_model(name).input_shape)
        assert not report.has_errors(), (file, report.generate_report())


@pytest.fixture
def emr(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An application in a stand-in for EMR Serverless."""
    import boto3
    from moto import mock_aws

    for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws"}')
    with mock_aws():
        made = boto3.client("emr-serverless").create_application(name="tasni", releaseLabel="emr-7.10.0", type="SPARK")
        yield made["applicationId"]


def test_airflow_starts_job_runs(
    emr: str, dags: Callable[[str], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    own = (ROOT / "conf/airflow/emr_serverless.toml").read_text().replace("APPLICATION", emr)
    (tmp_path / "platform.toml").write_text(own.replace('"ROLE"', f'"{ROLE}"'))
    operator = dags(str(tmp_path / "platform.toml"))["tasni_search"].get_task("report")
    monkeypatch.setattr(operator, "deferrable", False)
    monkeypatch.setattr(operator, "wait_for_completion", False)
    operator.execute({"ti": None, "task": operator})
    run = boto3.client("emr-serverless").list_job_runs(applicationId=emr)["jobRuns"][0]
    assert run["name"] == "tasni report"
    told = boto3.client("emr-serverless").get_job_run(applicationId=emr, jobRunId=run["id"])["jobRun"]
    assert told["jobDriver"]["sparkSubmit"]["entryPoint"].endswith("/jobs/report.py")
    assert "spark.jars=/usr/share/aws/delta/lib" in told["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
