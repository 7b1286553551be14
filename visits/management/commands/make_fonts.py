"""Make the font of the papers, so that the first sheet need not wait for it."""

from typing import Any

from django.core.management.base import BaseCommand

from visits import fonts


class Command(BaseCommand):
    help = "Make the subset of the system's Chinese font that papers are printed with. What is there is left alone."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how large it is, or that the whole fonts will serve."""
        cuts = fonts.ready()
        if not cuts:
            self.stdout.write("No subset could be made: papers are printed with the system's whole fonts.")
            return
        size = sum(cut.path.stat().st_size for cut in cuts)
        self.stdout.write(f"{len(cuts)} fonts of {len(fonts.characters()):,} characters, {size / 1e6:.1f} MB.")
