import argparse

import msgspec

from sglang.srt.arg_groups.arg_utils import add_cli_args_from_dataclass
from sglang.srt.arg_groups.fields.model import Model


class DeprecatedAction(argparse.Action):
    def __init__(self, option_strings, dest, nargs=0, **kwargs):
        super().__init__(option_strings, dest, nargs=nargs, **kwargs)


class ServerArgs:
    """Put together below."""

    @staticmethod
    def add_cli_args(parser):
        add_cli_args_from_dataclass(parser, ServerArgs)
        parser.add_argument("--config", type=str, help="A file with options.")
        parser.add_argument("--legacy", action=DeprecatedAction, help="Deprecated. Has no effect.")


_INPUT_NAMESPACES = [Model]
ServerArgs = msgspec.defstruct("ServerArgs", [], namespace={})
