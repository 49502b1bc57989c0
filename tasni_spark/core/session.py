"""The one builder of Spark sessions.

Why: extensions, serializers and addresses must agree in every job, notebook and test, and libraries' own builders
overwrite each other's keys. Settings live in `conf/spark/`; the master comes from there or from spark-submit, never
from code.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from tasni_spark.core import objects, places
from tasni_spark.core.errors import DependencyError
from tasni_spark.core.places import settings


def session(profile: str = "local", app: str = "tasni", **extra: str) -> SparkSession:
    """The active session, or a new one with the settings of `conf/spark/<profile>.conf`.

    Parameters
    ----------
    profile
        `local`, `cluster`, or a path to a `.conf` file.
    app
        Name shown by Spark.
    extra
        Further Spark properties, `__` for the dots.

    Raises
    ------
    DependencyError
        If Java cannot be started.

    Notes
    -----
    Below spark-submit its own properties win: only keys that it did not set are added.
    """
    if active := SparkSession.getActiveSession():
        return active
    wanted = settings(profile) | objects.spark() | {k.replace("__", "."): v for k, v in extra.items()}
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if submitted:
        SparkContext._ensure_initialized()  # before, a SparkConf knows nothing of the submit
        given = SparkConf()
        wanted = {k: v for k, v in wanted.items() if not given.contains(k)}
    elif wanted.get("spark.master", "").startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        wanted.setdefault("spark.driver.extraClassPath", str(places.jars() / "*"))
        java = "spark.driver.extraJavaOptions"
        wanted[java] = " ".join([wanted.get(java, ""), *options()]).strip()
    builder = SparkSession.builder.appName(app)
    for key, value in wanted.items():
        builder = builder.config(key, value)
    try:
        return _quick(builder.getOrCreate())
    except Exception as e:
        if "JAVA_GATEWAY_EXITED" in str(e) or isinstance(e, FileNotFoundError):
            raise DependencyError("Java could not be started: run 'tasni doctor' to see what is missing") from e
        raise


def apart(profile: str) -> None:
    """Give a thread that has none a session of its own: jobs side by side write at once, and each has its settings."""
    if SparkSession.getActiveSession() is None:
        _quick(session(profile).newSession())


def options() -> list[str]:
    """Options of a JVM on this machine.

    Notes
    -----
    Code that plans, parses, serializes and loads classes runs for seconds: the second compiler costs more on it than it
    saves, 19 of 46 CPU-seconds of compilation in a match of 4 M by 8 M rows. Without its own output the JVM does not
    say that it read the list of that code.
    """
    folder = places.ROOT / "conf" / "spark"
    compiler = f"-XX:CompilerDirectivesFile={folder / 'planner.json'}"
    plain = [f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}", "-XX:+UnlockDiagnosticVMOptions"]
    plain += ["-XX:-DisplayVMOutput", compiler]
    archive = [f"-XX:SharedArchiveFile={places.classes()}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]
    return plain + archive if places.classes().is_file() else plain


def _quick(spark: SparkSession) -> SparkSession:
    """The session, active in this thread, whose gateway looks its commonest names up once.

    Notes
    -----
    py4j seeks `functions` and `org` in every package of every jar whenever they are used, which is for each column
    of a plan. A session is active for one thread: in others, Spark builds expressions by its own defaults.
    """
    jvm: Any = spark.sparkContext._jvm
    jvm.SparkSession.setActiveSession(spark._jsparkSession)
    for name in ("functions", "org", "PythonUtils"):
        setattr(jvm, name, getattr(jvm, name))
    return spark
