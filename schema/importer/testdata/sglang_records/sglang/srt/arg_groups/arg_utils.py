from typing import Annotated

A = Annotated
