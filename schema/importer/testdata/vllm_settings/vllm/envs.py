import os
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    VLLM_PORT: Optional[int] = None
    VLLM_LOGGING_LEVEL: str = "INFO"
    VLLM_TRACE: bool = False
    VLLM_RATIO: float = 0.5
    VLLM_USE_KERNEL: bool = True
    VLLM_MODE: str = "auto"


def get_port() -> Optional[int]:
    value = os.getenv("VLLM_PORT")
    return int(value) if value else None


environment_variables: dict[str, Callable[[], Any]] = {
    # ================== Runtime ==================
    # Port of the first process.
    "VLLM_PORT": get_port,
    "VLLM_LOGGING_LEVEL": lambda: os.getenv("VLLM_LOGGING_LEVEL", "INFO").upper(),
    # Write a trace.
    "VLLM_TRACE": lambda: bool(int(os.getenv("VLLM_TRACE", "0"))),
    "VLLM_RATIO": lambda: float(os.getenv("VLLM_RATIO", "0.5")),
    "VLLM_USE_KERNEL": lambda: (os.environ.get("VLLM_USE_KERNEL", "True").lower() in ("true", "1")),
    # Names of an Enum that is imported when it is asked for.
    "VLLM_KERNEL": env_with_choices(
        "VLLM_KERNEL",
        None,
        lambda: list(__import__("vllm.config.utils", fromlist=["KernelEnum"]).KernelEnum.__members__.keys()),
    ),
    "VLLM_MODE": env_with_choices("VLLM_MODE", "auto", ["auto", "fast"]),
}
