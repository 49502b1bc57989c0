"""Run the jobs of a configuration in the order of the map as one application: `tasni pipeline`, for spark-submit.

Example:
    spark-submit jobs/pipeline.py --conf conf/pipeline/demo.toml --lake lake
"""

import sys

from tasni_spark.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["pipeline", *sys.argv[1:]]))
