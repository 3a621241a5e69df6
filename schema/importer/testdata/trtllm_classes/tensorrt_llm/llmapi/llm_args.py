from typing import Annotated, List, Literal, Optional, Union

from pydantic import BaseModel
from pydantic import Field as PydanticField
from pydantic import NonNegativeInt, PositiveInt, PrivateAttr


def Field(default=..., *, status=None, **kwargs):
    return PydanticField(default, **kwargs)


class StrictBaseModel(BaseModel):
    pass


class Cache(StrictBaseModel):
    share: float = Field(default=0.9, ge=0, le=1, description="Share of memory.")
    tokens: Optional[PositiveInt] = Field(default=None, description="Tokens.")
    sink: Optional[int] = Field(default=None, status="deprecated", description="No effect.")


class Guess(StrictBaseModel):
    length: Optional[NonNegativeInt] = Field(default=None)


class Ngram(Guess):
    decoding_type: Literal["NGram"] = "NGram"
    size: PositiveInt = Field(default=2)


class Draft(Guess):
    decoding_type: Literal["Draft"] = "Draft"
    model: str


class Decode(StrictBaseModel):
    mode: Literal["decode"] = "decode"
    sizes: Optional[List[int]] = Field(default=None)


class Encode(StrictBaseModel):
    mode: Literal["encode"] = "encode"


Guesses = Annotated[Union[Ngram, Draft], Field(discriminator="decoding_type")]


class BaseLlmArgs(StrictBaseModel):
    model: str = Field(description="The model.")
    width_size: int = Field(default=1, description="Width.")
    kv: Cache = Field(default_factory=Cache, description="The cache.")
    guess: Optional[Guesses] = Field(default=None, description="Guessing.", status="beta")


class TorchLlmArgs(BaseLlmArgs):
    graphs: Optional[Union[Decode, Encode]] = Field(default_factory=Decode, description="Graphs; null is off.")
    backend: Literal["pytorch"] = Field(default="pytorch", status="deprecated")
    _private: int = PrivateAttr(default=1)
