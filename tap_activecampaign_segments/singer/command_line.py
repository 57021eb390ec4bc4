"""The command: all that it is given is understood, or it says what is not."""

from __future__ import annotations

import logging
import os
import sys
from copy import deepcopy
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import JSONSchemaValidator, PluginBase, _ConfigInput
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_activecampaign_segments import settings
from tap_activecampaign_segments.failures import describe_error
from tap_activecampaign_segments.singer import builtin_settings as sdk_settings
from tap_activecampaign_segments.singer.catalog_file import catalog_of, is_selected
from tap_activecampaign_segments.singer.command_line_files import (
    faults_are_told,
    json_object,
    refuse,
)
from tap_activecampaign_segments.singer.environment import environment_doubts, environment_faults
from tap_activecampaign_segments.singer.state_file import usable_state

if TYPE_CHECKING:
    from collections.abc import Mapping


class Command(Tap):
    """A tap that is started as the SDK's are, and refuses, or warns of, what it cannot use."""

    # A copy: the SDK adds its own settings to it.
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)
    every_stream: ClassVar[Mapping[str, type[Any]]]
    """All streams by their names, offered or not."""

    def __init__(self, *, parse_env_config: bool = False, **kwargs: Any) -> None:
        """Understand what is given.

        Raises:
            ConfigValidationError: Something in it cannot be used.
        """
        if parse_env_config:
            # Nothing is parsed yet, but what an .env file says is in the environment then.
            parse_environment_config({}, self._env_var_prefix)
            self.append_builtin_config(self.config_jsonschema)
            about = (os.environ, self._env_var_prefix, self.config_jsonschema)
            refuse([*environment_faults(*about)])
            for doubt in environment_doubts(*about):
                self.logger.warning(doubt)
        super().__init__(parse_env_config=parse_env_config, **kwargs)

    def run(self) -> int:
        """Sync everything.

        Returns:
            The exit code: 0 if nothing failed, 128 and the signal's number if one ended it.
        """
        raise NotImplementedError

    @property
    def failure_lines(self) -> list[str]:
        """One line for each thing that failed."""
        raise NotImplementedError

    @property
    def selected_in_vain(self) -> dict[str, type[Any]]:
        """The streams that the catalog selects and the settings do not offer."""
        selected = [name for name, each in (self.input_catalog or {}).items() if is_selected(each)]
        known = {name: self.every_stream[name] for name in selected if name in self.every_stream}
        return {name: stream for name, stream in known.items() if name not in self.streams}

    @override
    def setup_mapper(self) -> None:
        # It quotes filters and expressions, with the salts and addresses that may be in them.
        logging.getLogger("singer_sdk.mapper").setLevel(logging.WARNING)
        # The SDK maps streams that are not selected as well: their schemas then lack their keys.
        try:
            PluginBase.setup_mapper(self)
            for name in sdk_settings.maps_of_nothing(self.config, self.streams):
                self.logger.warning("stream_maps.%s: no stream is called so: it maps nothing", name)
            for stream in self.streams.values():
                schema = stream.effective_schema
                if stream.selected:
                    schema = get_selected_schema(stream.name, schema, stream.mask)
                    self.mapper.register_raw_stream_schema(stream.name, schema, stream.primary_keys)
                else:
                    self.mapper.stream_maps[stream.name] = [
                        SameRecordTransform(
                            stream.name,
                            schema,
                            stream.primary_keys,
                            self.mapper.flattening_options,
                        )
                    ]
        except StreamMapConfigError as error:
            # Of what it says, that of keys alone quotes nothing.
            is_of_keys = "key propert" in str(error)
            refuse([f"stream_maps: {error if is_of_keys else 'cannot be used as they are'}"])
        except (MapExpressionError, NotImplementedError, AttributeError, TypeError):
            refuse(["stream_maps: cannot be used as they are"])

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(usable_state(state, self.every_stream, self.logger))

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        # The SDK's own, but for the exit code: it takes no notice of what failed.
        with faults_are_told(cls.logger):
            if value != CliTestOptionValue.All.value:
                super().cb_test(ctx, param, value)
                return
            config: _ConfigInput = ctx.params.get("config", _ConfigInput())
            tap = cls(config=config.config, parse_env_config=config.parse_env, validate_config=True)
        try:
            tap.run_connection_test()
        except Exception as error:  # noqa: BLE001
            cls.logger.error("the test broke off: %s", describe_error(error))  # noqa: TRY400
            ctx.exit(1)
        for line in tap.failure_lines:
            cls.logger.error(line)
        ctx.exit(int(bool(tap.failure_lines)))

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        try:
            return super().cb_config(ctx, param, value)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            # JSON in place of a file's name may hold a secret.
            names = [each for each in value if not each.lstrip().startswith(("{", "["))]
            msg = f"{', '.join(names)}: cannot be read as a JSON object"
            raise click.BadParameter(msg) from error

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        # The SDK's own, but for the exit code.
        PluginBase.invoke.__func__(cls, about=about, about_format=about_format)  # type: ignore[attr-defined]
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        keys = {name: stream.primary_keys for name, stream in cls.every_stream.items()}
        with faults_are_told(cls.logger):
            tap = cls(
                config=config.config,
                state=json_object(state, "--state"),
                catalog=catalog_of(catalog, keys, cls.logger),
                parse_env_config=config.parse_env,
                validate_config=True,
            )
        sys.exit(tap.run())

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The SDK's own messages quote the values, and secrets among them; and it knows no rule
        # that goes beyond one setting.
        self.append_builtin_config(self.config_jsonschema)
        settings.normalize(self._config)
        validator = JSONSchemaValidator(self.config_jsonschema)
        faults = list(sdk_settings.else_faults(self._config))
        if not faults:
            faults += settings.faults(self._config, validator.iter_errors(self._config))
        if not faults:
            faults += sdk_settings.faults(self._config)
        if not faults:
            sdk_settings.prepare(self._config)
        if raise_errors:
            refuse(faults)
            for doubt in settings.doubts(self._config, self.config_jsonschema):
                self.logger.warning(doubt)
        return faults
