import os

import click

from tensorrt_llm.commands.stability import stability_option

LEVELS = {"info": 0, "debug": 1}


@click.command("serve")
@click.argument("model", type=str)
@click.option("--host", type=str, default="localhost", help="Where to listen.")
@stability_option("--width_size", "--w_size", type=int, default=1, help="Width.", status="beta")
@stability_option("--config", "--extra", "extra", type=str, default=None, status="prototype")
@stability_option("--set", "overrides", type=str, multiple=True, status="prototype")
@stability_option("--kind-of", type=click.Choice(["a", "b"]), default="a", status="beta")
@stability_option("--level", type=click.Choice(LEVELS.keys()), default="info", status="beta")
@stability_option("--fronts", type=click.IntRange(min=1, max=64), default=1, status="prototype")
@stability_option("--on", is_flag=True, default=False, help="Switch.", status="beta")
@stability_option("--report/--no-report", default=True, status="beta")
@stability_option("--old", type=int, default=None, help="Gone soon.", status="deprecated")
def serve(model, **kwargs):
    return os.environ.get("TRTLLM_SLOW"), int(os.getenv("TLLM_PORTS", "3"))
