"""Types of fields. A text carries the sentence that people read when it is wrong; crds/ has the same sentences."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


def refuse(sentence: str) -> PydanticCustomError:
    """An error whose text is shown to people as it is. It holds no braces: pydantic would fill them in."""
    return PydanticCustomError("refused", sentence)


def without_nulls(data: object) -> object:
    """The entries of an object that say something."""
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, Mapping) else data


class Read(BaseModel):
    """What the API server hands out, no stricter than the server itself.

    Unknown fields are ignored (the server prunes them, and a newer CRD may know more than this process) and a null is
    an absent field, as the server has it; types are never coerced.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        return without_nulls(data)


class Written(Read):
    """What we write as well: made from Python's field names, or read with the API's."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    def as_json(self) -> dict[str, Any]:
        """As the API server takes it: the API's names, times as text, nothing for what is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


@dataclass(frozen=True, slots=True)
class Text:
    """A bounded string that matches `pattern` as a whole; `says` tells people what that means."""

    pattern: str
    says: str
    max_length: int
    min_length: int = 0

    def check(self, value: str) -> str:
        """The same text. Length is judged first, as the API server does."""
        if len(value) > self.max_length:
            raise refuse(f"Too long: may not be more than {self.max_length} bytes")
        if len(value) < self.min_length:
            raise refuse(f"should be at least {self.min_length} chars long")
        if not re.fullmatch(self.pattern, value):
            raise refuse(self.says)
        return value

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shape = {**handler(schema), "pattern": self.pattern, "maxLength": self.max_length}
        return shape | ({"minLength": self.min_length} if self.min_length else {})


def never(pattern: str, says: str) -> AfterValidator:
    """Refuses a string in which `pattern` is found anywhere; `says` tells people why."""

    def check(value: str) -> str:
        if re.search(pattern, value):
            raise refuse(says)
        return value

    return AfterValidator(check)


def whole(value: object) -> object:
    """JSON has one type of number: the API server takes 40.0 for an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset")
    return value.astimezone(UTC)


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise refuse("is not base64") from error
    return value


Time = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_utc), PlainSerializer(_rfc3339, return_type=str)]
"""A moment in UTC, written to the whole second as Kubernetes does."""

Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]

Days = Annotated[int, Field(ge=1, le=40, json_schema_extra={"format": "int32"}), BeforeValidator(whole)]
"""Twilio keeps the metadata of a deleted recording for 40 days (Recordings resource, Delete a Recording)."""

Packed = Annotated[str, AfterValidator(_base64), Field(max_length=300_000, json_schema_extra={"format": "byte"})]
"""Bytes in base64. The bound is on the text; etcd takes 1.5 MiB an object."""

Word = Annotated[str, Text(r"^[A-Za-z][A-Za-z0-9]*$", "is one word of letters and digits", 64)]

Day = Annotated[str, Text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "is a day such as 2026-01-31", 10)]
