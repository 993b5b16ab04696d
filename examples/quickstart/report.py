"""Report what this program runs on: its packages, how big they are and where they lie.

trail run report.py
"""

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

MIB = 2**20


def files_of(distribution: Distribution) -> list[dict[str, object]]:
    """List the files of one distribution with their sizes."""
    name, version = distribution.name, distribution.version
    found = [(file, Path(str(distribution.locate_file(file)))) for file in distribution.files or ()]
    return [
        {
            "package": name,
            "version": version,
            "kind": file.suffix or "other",
            "size": path.stat().st_size,
        }
        for file, path in found
        if path.is_file()
    ]


def bar(share: float, width: int = 24) -> str:
    """Draw a share of 1 as a bar."""
    return "█" * max(1, round(share * width))


def main() -> None:
    """Print the report."""
    files = pd.DataFrame([row for each in distributions() for row in files_of(each)])
    packages = (
        files.groupby(["package", "version"])["size"].agg(["count", "sum"]).sort_values("sum")[::-1]
    )
    total = int(files["size"].sum())

    table = Table(box=box.SIMPLE_HEAD, title="What this program runs on", title_justify="left")
    for name in ("package", "version"):
        table.add_column(name, style="bold" if name == "package" else "")
    for name in ("files", "MiB"):
        table.add_column(name, justify="right")
    table.add_column("share", style="cyan")
    for (package, version), row in packages.iterrows():
        share = row["sum"] / total
        table.add_row(
            package, version, f"{row['count']:,.0f}", f"{row['sum'] / MIB:.1f}", bar(share)
        )
    console = Console()
    console.print(table)

    kinds = files.groupby("kind")["size"].sum().nlargest(2) / total
    median, largest = np.percentile(files["size"], [50, 100])
    shares = ", ".join(f"{share:.0%} {kind}" for kind, share in kinds.items())
    console.print(f"{len(files):,} files, {total / MIB:.0f} MiB: {shares}")
    console.print(
        f"half of them below {median / 1024:.1f} KiB, the largest {largest / MIB:.0f} MiB"
    )
    console.print(f"Python {sys.version.split()[0]}: {sys.executable}", soft_wrap=True)
    console.print(f"numpy, as imported:  {np.__file__}", soft_wrap=True)
    console.print(f"numpy, on the disk:  {Path(np.__file__).resolve()}", soft_wrap=True)


if __name__ == "__main__":
    main()
