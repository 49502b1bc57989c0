#!/usr/bin/env bash
# Airflow of this checkout, on loopback. Without arguments: all its parts, until Ctrl-C; with: that command.
set -euo pipefail
cd "$(dirname "$0")/../.."
port=${PORT:-8080}
export AIRFLOW_HOME=${AIRFLOW_HOME:-$PWD/.airflow}
export AIRFLOW__CORE__DAGS_FOLDER=$PWD/airflow_dags
export AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__PARALLELISM=4
export AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:$port/execution/
export AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__PORT=$port AIRFLOW__API__WORKERS=1
export AIRFLOW__API__BASE_URL=http://127.0.0.1:$port
export AIRFLOW_CONN_SPARK_DEFAULT=${AIRFLOW_CONN_SPARK_DEFAULT:-'{"conn_type": "spark", "host": "local[*]"}'}
export SPARK_LOCAL_IP=127.0.0.1 SPARK_CONF_DIR=$PWD/conf/spark PYSPARK_PYTHON=$PWD/.venv/bin/python PYTHONPATH=$PWD
export PATH=$PWD/.venv-airflow/bin:$PWD/.venv/bin:$PATH
test $# = 0 || exec "$@"

airflow db migrate >/dev/null
set -m # each part leads a group of its own, so that nothing outlives it
stop() {
  set +e
  parts=$(jobs -p)
  kill $parts
  for _ in {1..20}; do kill -0 $parts || break; sleep 0.5; done
  for part in $parts; do kill -KILL -- "-$part"; done
} 2>/dev/null
trap stop EXIT
trap exit INT TERM
echo "http://127.0.0.1:$port, user admin, password in $AIRFLOW_HOME/simple_auth_manager_passwords.json.generated"
# Not `airflow standalone`: its log servers listen to every address.
airflow scheduler --skip-serve-logs &
airflow triggerer --skip-serve-logs &
airflow dag-processor &
airflow api-server &
wait -n
