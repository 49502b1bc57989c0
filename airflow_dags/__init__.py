"""What Airflow runs. Only `tasni.py` and `submit.py` need Airflow."""
