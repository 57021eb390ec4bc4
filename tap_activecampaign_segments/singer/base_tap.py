"""Base tap: validates what it is given, and ends with an exit code."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_activecampaign_segments.failures import describe_error
from tap_activecampaign_segments.logs.context import install_record_factory
from tap_activecampaign_segments.singer import batch_config, stream_maps
from tap_activecampaign_segments.singer.catalog_file import is_selected, parse_catalog
from tap_activecampaign_segments.singer.command_line import (
    CommandLineTap,
    raise_config_errors,
    read_json_object,
)
from tap_activecampaign_segments.singer.environment import environment_errors, environment_warnings
from tap_activecampaign_segments.singer.log_levels import (
    demote_sdk_lines,
    hide_metrics_from_console,
)
from tap_activecampaign_segments.singer.output_tap import OutputTap
from tap_activecampaign_segments.singer.state_file import sanitize_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click
    from singer_sdk.singerlib import CatalogEntry

    from tap_activecampaign_segments.singer.base_stream import BaseStream


class BaseTap(CommandLineTap, OutputTap):
    """A tap that syncs with `run`, reports failures and ends with an exit code."""

    stream_types: ClassVar[Mapping[str, type[BaseStream]]]
    """All streams by name, whether the settings offer them or not."""

    def __init__(self, *, parse_env_config: bool = False, **kwargs: Any) -> None:
        """Validate settings, catalog and state.

        Raises:
            ConfigValidationError: One of them cannot be used.
        """
        install_record_factory()
        demote_sdk_lines(self.logger)
        hide_metrics_from_console()
        if parse_env_config:
            # Without a setting to parse, this only loads the `.env` file into the environment.
            parse_environment_config({}, self._env_var_prefix)
            self.append_builtin_config(self.config_jsonschema)
            environment = (os.environ, self._env_var_prefix, self.config_jsonschema)
            raise_config_errors([*environment_errors(*environment)])
            for warning in environment_warnings(*environment):
                self.logger.warning(warning)
        super().__init__(parse_env_config=parse_env_config, **kwargs)

    def run(self) -> int:
        """Sync everything.

        Returns:
            The exit code: 0 if nothing failed, 128 plus the signal's number after a signal.
        """
        raise NotImplementedError

    @property
    def failure_lines(self) -> list[str]:
        """One line for each thing that failed."""
        raise NotImplementedError

    def log_failures(self) -> None:
        """Log these lines, each with its log context."""
        raise NotImplementedError

    def config_errors(self, config: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with a configuration beyond the SDK's own settings."""
        raise NotImplementedError

    def config_warnings(self, config: dict[str, Any]) -> Iterator[str]:
        """Yield what is allowed in a valid configuration and probably not meant."""
        raise NotImplementedError

    def normalize_config(self, config: dict[str, Any]) -> None:
        """Change a configuration in place before it is validated."""
        raise NotImplementedError

    @property
    def selected_but_not_offered(self) -> dict[str, type[BaseStream]]:
        """The streams that the catalog selects and the settings do not offer."""
        catalog: Mapping[str, CatalogEntry] = self.input_catalog or {}
        return {
            name: self.stream_types[name]
            for name, entry in catalog.items()
            if name in self.stream_types and name not in self.streams and is_selected(entry)
        }

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        if about:
            super().invoke(about=about, about_format=about_format)
            return
        cls.logger.info("%s v%s, Meltano SDK v%s", cls.name, cls.plugin_version, cls.sdk_version)
        # Unlike the SDK's own: one line for a file that is not JSON, and an exit code.
        state_content = read_json_object(state, "--state")
        catalog_content = read_json_object(catalog, "--catalog")
        keys: Any = {name: stream.primary_keys for name, stream in cls.stream_types.items()}
        tap = cls(
            config=config.config,
            state=state_content,
            catalog=None
            if catalog_content is None
            else parse_catalog(catalog_content, keys, cls.logger),
            parse_env_config=config.parse_env,
            validate_config=True,
        )
        sys.exit(tap.run())

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        # The SDK's own, but for the exit code: the SDK ignores what failed.
        if value != CliTestOptionValue.All.value:
            super().cb_test(ctx, param, value)
            return
        config = ctx.params["config"]
        tap = cls(config=config.config, parse_env_config=config.parse_env, validate_config=True)
        try:
            tap.run_connection_test()
        except Exception as error:  # noqa: BLE001
            cls.logger.error("the test broke off: %s", describe_error(error))  # noqa: TRY400
            ctx.exit(1)
        tap.progress.close()
        tap.log_failures()
        ctx.exit(int(bool(tap.failure_lines)))

    @override
    def setup_mapper(self) -> None:
        stream_maps.register(self)
        for name in stream_maps.unmatched(self.config, self.streams):
            self.logger.warning("stream_maps.%s: no stream is called so: it maps nothing", name)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        unreadable = {name: each.unreadable_values for name, each in self.stream_types.items()}
        super().load_state(sanitize_state(state, unreadable, self.logger))

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The SDK's messages quote values, and with them secrets. Its JSON schema cannot relate
        # one setting to another.
        self.append_builtin_config(self.config_jsonschema)
        self.normalize_config(self._config)
        errors = [*stream_maps.else_errors(self._config)]
        errors = errors or [*self.config_errors(self._config)]
        if not errors:
            errors += batch_config.config_errors(self._config)
            errors += stream_maps.config_errors(self._config)
        if not errors:
            batch_config.normalize(self._config)
            stream_maps.normalize(self._config)
        if raise_errors:
            raise_config_errors(errors)
            for warning in self.config_warnings(self._config):
                self.logger.warning(warning)
        return errors

    def json_schema_validator(self) -> JSONSchemaValidator:
        """Return a validator for the settings, the SDK's own included."""
        return JSONSchemaValidator(self.config_jsonschema)
