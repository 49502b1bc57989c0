"""Object stores of S3's kind that are not Amazon's: one address for Spark, delta-rs and pyarrow.

Why: the three have settings of their own, and a lake is only one if all of them look at the same place. The address is
that of the AWS command line, the variable AWS_ENDPOINT_URL; keys and region stand in its other variables, which all
three read. Without an address nothing is set: on Amazon each finds its way, and EMR and Databricks have their own.
"""

from __future__ import annotations

import functools
import os

from pyarrow import fs

ATTEMPTS = 10
"""Times that a request is tried, with pauses that double up to 20 s."""


def endpoint() -> str:
    """The address of the server, as `http://127.0.0.1:7070`; empty for Amazon's."""
    return os.environ.get("AWS_ENDPOINT_URL", "")


@functools.cache
def system(bucket: str) -> fs.FileSystem:
    """The file system of a bucket, patient enough to outlive a restart of its server."""
    scheme, _, host = endpoint().partition("://")
    own = {"scheme": scheme, "endpoint_override": host} if host else {}
    region = os.environ.get("AWS_REGION") or ("us-east-1" if host else fs.resolve_s3_region(bucket))
    return fs.S3FileSystem(region=region, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS), **own)


def spark() -> dict[str, str]:
    """Properties of Spark for the same server; and what delta-rs wants to be told about one without TLS.

    Notes
    -----
    Hadoop would look for markers of folders after each file and delete many objects at once, which not every server
    answers as Amazon's does.
    """
    if not endpoint():
        return {}
    os.environ.setdefault("AWS_ALLOW_HTTP", str(endpoint().startswith("http://")).lower())
    os.environ.setdefault("AWS_REGION", "us-east-1")
    return {
        f"spark.hadoop.fs.s3a.{key}": value
        for key, value in {
            "endpoint": endpoint(),
            "path.style.access": "true",
            "connection.ssl.enabled": str(endpoint().startswith("https://")).lower(),
            "directory.marker.retention": "keep",
            "multiobjectdelete.enable": "false",
        }.items()
    }
