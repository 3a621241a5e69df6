from typing import Dict, List, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StreamOptions(Strict):
    include_usage: Optional[bool] = True


class Format(Strict):
    type: Literal["text", "json"]


class CompletionRequest(Strict):
    model: str
    prompt: Union[List[int], str]
    stream: Optional[bool] = False
    stream_options: Optional[StreamOptions] = None
    temperature: Optional[float] = None
    bias: Optional[Dict[str, float]] = None
    stop: Optional[Union[str, List[str]]] = Field(default_factory=list)
    form: Optional[Format] = Field(default=None, description="Form of the answer.")
    priority: Optional[float] = Field(default=None, ge=0.0, le=1.0)
