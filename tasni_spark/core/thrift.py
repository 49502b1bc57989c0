"""A session served to JDBC clients: beeline, notebooks, tools that draw, all with its views and functions.

Why: views and functions of a lake live in the session that named them, so the server must be part of it, and its
clients must share it. It listens to this machine only and asks for no password: whoever reaches it can write what the
session can, so start it with credentials that only read.
"""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from typing import Any

from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"


def properties(port: int) -> dict[str, str]:
    """What the session must be started with, as `session` has it."""
    server = "spark__hadoop__hive__server2"
    return {
        "spark__sql__hive__thriftServer__singleSession": "true",
        f"{server}__thrift__bind__host": HOST,
        f"{server}__thrift__port": str(port),
        f"{server}__transport__mode": "binary",
    }


def serve(spark: SparkSession, port: int) -> int:
    """Answer until Ctrl-C or SIGTERM."""
    jvm: Any = spark._jvm
    thrift = jvm.org.apache.spark.sql.hive.thriftserver.HiveThriftServer2
    thrift.startWithContext(spark._jsparkSession.sqlContext())
    logger.info("jdbc:hive2://%s:%d: Ctrl-C ends it", HOST, port)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with suppress(KeyboardInterrupt):
        ended.wait()
    return 0
