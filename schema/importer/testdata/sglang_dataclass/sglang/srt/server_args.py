import argparse
import dataclasses
from typing import List, Literal, Optional, Union

CHOICES = ["triton", "aiter"]


def add_choices(choices):
    CHOICES.extend(choices)


@dataclasses.dataclass
class ServerArgs:
    model_path: str
    tp_size: int = 1
    schedule_policy: str = "fcfs"
    attention_backend: Optional[str] = None
    mem_fraction_static: Optional[float] = None
    watchdog_timeout: float = 300
    tokenizer_worker_num: int = 1
    grammar: Literal["a", "b"] = "a"
    lora_paths: Optional[Union[dict[str, str], List[str]]] = None
    log_requests: bool = False

    def check_server_args(self):
        assert (self.tp_size * 1) % 1 == 0, "two things at once"
        assert self.tokenizer_worker_num > 0, "at least one"

    @staticmethod
    def add_cli_args(parser: argparse.ArgumentParser):
        parser.add_argument("--model-path", "--model", type=str, required=True, help="Path.")
        parser.add_argument("--tensor-parallel-size", "--tp-size", type=int, default=ServerArgs.tp_size, help="TP.")
        parser.add_argument("--schedule-policy", type=str, default=ServerArgs.schedule_policy,
                            choices=["lpm", "fcfs"], help="Policy.")
        parser.add_argument("--attention-backend", type=str, choices=CHOICES, default=None, help="Kernels.")
        parser.add_argument("--mem-fraction-static", type=float, default=ServerArgs.mem_fraction_static, help="Share.")
        parser.add_argument("--watchdog-timeout", type=float, default=ServerArgs.watchdog_timeout, help="Seconds.")
        parser.add_argument("--tokenizer-worker-num", type=int, default=1, help="Workers.")
        parser.add_argument("--log-requests", action="store_true", help="Log.")
        parser.add_argument("--enable-ep-moe", action="store_true", help="(Deprecated) does nothing.")
