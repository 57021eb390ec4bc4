"""Dagster's definitions: a job and a schedule for each schedule of a Meltano project."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import dagster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT") or Path(__file__).parent)
MELTANO = os.environ.get("MELTANO_BIN", "meltano")


class Job(TypedDict):
    """Tasks for `meltano run`, one after another; each is a text or its words."""

    tasks: list[str | list[str]]


class Schedule(TypedDict):
    """A schedule of a Meltano project.

    Attributes:
        name: Of the schedule.
        cron_interval: None if it runs only when somebody says so.
        env: Variables of its own.
        job: What it runs.
    """

    name: str
    cron_interval: str | None
    env: dict[str, str]
    job: Job


def schedules() -> list[Schedule]:
    """Return the schedules of the project."""
    line = [MELTANO, "schedule", "list", "--format=json"]
    done = subprocess.run(line, cwd=PROJECT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    found: list[Schedule] = json.loads(done.stdout)["schedules"]["job"]
    return found


def job(schedule: Schedule) -> dagster.JobDefinition:
    """Return the job that runs the tasks of a schedule, one after another."""
    name = re.sub(r"\W", "_", schedule["name"])

    def tasks() -> None:
        before: Any = []
        for number, task in enumerate(schedule["job"]["tasks"], 1):
            words = task.split() if isinstance(task, str) else task
            before = operation(f"{name}_{number}", words, schedule["env"])(before=before)

    return dagster.job(name=name, executor_def=dagster.in_process_executor)(tasks)


def operation(
    name: str, task: Sequence[str], environment: Mapping[str, str]
) -> dagster.OpDefinition:
    """Return the operation that runs a task; its pool is the tap, and so the account."""

    def run() -> None:
        # A group of their own, so that the tap and the target hear of an end as well.
        with subprocess.Popen(  # noqa: S603
            [MELTANO, "run", *task],
            cwd=PROJECT,
            env={**os.environ, **environment},
            start_new_session=True,
        ) as process:
            try:
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGTERM)
                raise
        if code:
            raise dagster.Failure(f"meltano run ended with {code}; its log says why")

    return dagster.op(name=name, pool=task[0], ins={"before": dagster.In(dagster.Nothing)})(run)


JOBS = [(schedule["cron_interval"], job(schedule)) for schedule in schedules()]
definitions = dagster.Definitions(
    jobs=[each for _, each in JOBS],
    schedules=[
        dagster.ScheduleDefinition(
            job=each, cron_schedule=cron, default_status=dagster.DefaultScheduleStatus.RUNNING
        )
        for cron, each in JOBS
        if cron
    ],
)
