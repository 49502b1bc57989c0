"""Compact tables and delete files that nobody needs: `tasni upkeep`, for schedulers that submit scripts.

Example:
    spark-submit jobs/upkeep.py --lake lake
"""

import sys

from tasni_spark.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["upkeep", *sys.argv[1:]]))
