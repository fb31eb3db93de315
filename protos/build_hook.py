"""Adds the generated stubs to every build of the wheel, editable installs included."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsBuildHook(BuildHookInterface[Any]):
    """Runs protos/generate.py before hatchling collects the files of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generates the stubs, and lists them for the builder because git ignores them."""
        script = Path(self.root, "protos", "generate.py")
        spec = importlib.util.spec_from_file_location("marquee_generate", script)
        if spec is None or spec.loader is None:
            raise ImportError(f"{script} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.generate()
        if version != "editable":
            build_data["force_include"].update(
                {f"{self.root}/gen/{name}": name for name in ("marquee", "buf")}
                | {f"{self.root}/gen/marquee.binpb": "service/marquee.binpb"}
            )
