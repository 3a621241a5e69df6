from vllm.engine.arg_utils import AsyncEngineArgs, nullable_str


def make_arg_parser(parser):
    parser.add_argument("--host", type=nullable_str, default=None, help="host name")
    parser.add_argument("--port", type=int, default=8000, help="port number")
    parser.add_argument("--allow-credentials", action="store_true", help="allow credentials")
    return AsyncEngineArgs.add_cli_args(parser)
