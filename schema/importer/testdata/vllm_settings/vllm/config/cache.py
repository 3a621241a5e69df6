from typing import Literal

from pydantic import Field

from vllm.config.utils import config


@config
class CacheConfig:
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)
    """Share of the memory, 100%% of it at 1."""
    block_size: Literal[8, 16] | None = None
    """Tokens in a block."""
    swap_space: float = 4
    """GiB of host memory."""

    tier: Literal["host", "disk"] = "host"
    """Where blocks go."""

    def _verify_args(self):
        if self.swap_space < 0:
            raise ValueError("negative")
        limit = envs.VLLM_LIMIT
        if self.swap_space > limit:
            raise ValueError("a limit that the user sets is none")
