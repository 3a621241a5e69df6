import os

FAST = get_bool_env_var("SGLANG_FAST", "true")
SLOTS = int(os.environ.get("SGLANG_SLOTS", 4))
FOLDER = os.getenv("SGLANG_FOLDER", "/tmp")
