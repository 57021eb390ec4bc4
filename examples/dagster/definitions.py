"""Dagster definitions: a job and a schedule for each schedule of a Meltano project."""

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
    """Tasks for `meltano run` in sequence, each a string or a list of arguments."""

    tasks: list[str | list[str]]


class Schedule(TypedDict):
    """A schedule of a Meltano project.

    Attributes:
        name: Name of the schedule.
        cron_interval: Cron expression; None if it is only started manually.
        env: Environment variables.
        job: Tasks to run.
    """

    name: str
    cron_interval: str | None
    env: dict[str, str]
    job: Job


def list_schedules() -> list[Schedule]:
    """Return the schedules of the project."""
    line = [MELTANO, "schedule", "list", "--format=json"]
    done = subprocess.run(line, cwd=PROJECT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    schedules: list[Schedule] = json.loads(done.stdout)["schedules"]["job"]
    return schedules


def build_job(schedule: Schedule) -> dagster.JobDefinition:
    """Return a job that runs the tasks of a schedule in sequence."""
    name = re.sub(r"\W", "_", schedule["name"])

    def tasks() -> None:
        before: Any = []
        for number, task in enumerate(schedule["job"]["tasks"], 1):
            arguments = task.split() if isinstance(task, str) else task
            before = build_op(f"{name}_{number}", arguments, schedule["env"])(before=before)

    return dagster.job(name=name, executor_def=dagster.in_process_executor)(tasks)


def build_op(
    name: str, task: Sequence[str], environment: Mapping[str, str]
) -> dagster.OpDefinition:
    """Return an op that runs a task; its pool is the tap, so that each account has its own."""

    def run() -> None:
        # A process group, so that the tap and the target receive the signal as well.
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
            raise dagster.Failure(f"meltano run exited with {code}; see its log")

    return dagster.op(name=name, pool=task[0], ins={"before": dagster.In(dagster.Nothing)})(run)


JOBS = [(schedule["cron_interval"], build_job(schedule)) for schedule in list_schedules()]
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
