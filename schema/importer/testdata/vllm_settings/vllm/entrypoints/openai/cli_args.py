import json

from vllm.config.utils import config
from vllm.engine.arg_utils import AsyncEngineArgs


@config
class FrontendArgs:
    port: int = 8000
    """Port number."""
    allowed_origins: list[str] = field(default_factory=lambda: ["*"])
    """Allowed origins."""

    @classmethod
    def add_cli_args(cls, parser):
        from vllm.engine.arg_utils import get_kwargs

        kwargs = get_kwargs(cls)
        kwargs["allowed_origins"]["type"] = json.loads
        del kwargs["allowed_origins"]["nargs"]
        for key, value in kwargs.items():
            parser.add_argument(f"--{key.replace('_', '-')}", **value)
        return parser


def make_arg_parser(parser):
    parser.add_argument("model_tag", type=str, nargs="?", help="The model to serve.")
    parser = FrontendArgs.add_cli_args(parser)
    return AsyncEngineArgs.add_cli_args(parser)
