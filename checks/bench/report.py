"""From what was measured to a table and a plot."""

import io
import statistics

FIRST = "lesson 09"  # to which the others are compared
OF = 50  # members
ABOUT = "How much each server delivers, and how late, by the number of members"


def write(results, folder):
    """Write the table and, where matplotlib is installed, the plot; return the table, in Markdown."""
    words = table(results)
    (folder / "load.md").write_text(words, encoding="utf-8", newline="\n")
    try:
        drawing = plot(results)
    except ImportError:
        return words + '\nNo plot: it needs matplotlib, pip install -e ".[bench]"'
    (folder / "load.svg").write_text(drawing, encoding="utf-8", newline="\n")
    return words


def median(results, members, server, value):
    """The median over the rounds of value(run, run of lesson 09 in the same round); None when a server stood still in one of them."""
    runs = {(run["round"], run["server"]): run for run in results["runs"] if run["members"] == members}
    values = [value(runs[round, server], runs[round, FIRST]) for round in range(results["rounds"])]
    return None if None in values else statistics.median(values)


def figure(when, what):
    """The value that is measured as `what` when the extra member is not there ("awake") or there ("stalled")."""
    return lambda run, first: run[when] and run[when][what]


def to_first(run, first):
    return run["awake"] and first["awake"] and run["awake"]["delivered"] / first["awake"]["delivered"]


def kept(run, first):
    return run["awake"] and run["stalled"] and run["stalled"]["delivered"] / run["awake"]["delivered"]


def grown(results, server):
    """By how many bytes the memory of a server grew at most in the flood, None when it stood still."""
    values = [flood["grown"] for flood in results["floods"] if flood["server"] == server]
    return None if None in values else max(values)


def sizes(results):
    return sorted({run["members"] for run in results["runs"]})


COLUMNS = ("members", "server", "delivered a second", "to lesson 09", "µs of a core each", "99 of 100 within",
           "with one stalled", "to before", "99 of 100 within", "memory")


def table(results):
    """All of it in Markdown: what it was measured on, and the figures."""
    machine = results["machine"]
    loops = [run[when] for run in results["runs"] for when in ("awake", "stalled") if run[when]]
    busy, late = max(loop["load_busy"] for loop in loops), statistics.median(loop["load_late_99"] for loop in loops)
    lines = [
        f"{machine['system']}, {machine['cores']} cores, of which other programs used {max(0, machine['others']):.1f}; Python {machine['python']}.",
        f"Medians of {results['rounds']} rounds, in which the servers took turns; each loop ran for {results['seconds']:g} s.",
        f"The load itself used at most {busy:.0%} of a core, and said 99 of 100 chats within {milliseconds(late)} of when they were due.", "",
        row(COLUMNS), row("---" if column == "server" else "---:" for column in COLUMNS)]
    for members in sizes(results):
        for server in results["servers"]:
            def get(value):
                return median(results, members, server, value)

            lines.append(row((
                members, server, per_second(get(figure("awake", "delivered"))), times(get(to_first)),
                microseconds(get(figure("awake", "processor"))), milliseconds(get(figure("awake", "delay_99"))),
                per_second(get(figure("stalled", "delivered"))), times(get(kept)), milliseconds(get(figure("stalled", "delay_99"))),
                mib(get(lambda run, first: run["memory"])))))
    lines += ["", "For one stalled member at most 1 MiB waits in the outbox, and as much again is being sent. While 32 MiB",
              "were said past it, the server's memory grew by at most", ""]
    lines += [f"- {server}: {mib(grown(results, server))}" for server in results["servers"]]
    return "\n".join(lines + [""])


def row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def shown(words, still):
    """Return the function that shows a number in these words, and as `still` where the server stood still."""
    return lambda number: still if number is None else words(number)


per_second = shown(lambda number: f"{number:,.0f}", "stands still")
times = shown(lambda number: f"{number:.2f}", "0")
microseconds = shown(lambda seconds: f"{seconds * 1e6:.0f}", "")
milliseconds = shown(lambda seconds: f"{seconds * 1000:.1f} ms", "never")
mib = shown(lambda size: f"{size / (1 << 20):.1f} MiB", "stands still")


def plot(results):
    """The picture of it, SVG; the same figures give the same bytes. Raises ImportError without matplotlib."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "chat-lab", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 12, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot

    looks = dict(zip(results["servers"], (("#b3261e", "o", "-"), ("#9a5b00", "s", "--"), ("#0a53a8", "D", "-"), ("#1a6b33", "^", ":"))))
    picture, panes = pyplot.subplots(2, 2, figsize=(11, 7.5), sharex=True, sharey="row", layout="constrained")
    measures = (("delivered", 1 / 1000, "delivered a second, thousands", "stands still"),
                ("delay_99", 1000, "99 of 100 within, ms", "never"))
    for (what, unit, title, nothing), pair in zip(measures, panes):
        for when, pane in zip(("awake", "stalled"), pair):
            for server, (color, marker, stroke) in looks.items():
                medians = {members: median(results, members, server, figure(when, what)) for members in sizes(results)}
                dots = [(members, value * unit) for members, value in medians.items() if value is not None]
                if dots:
                    pane.plot(*zip(*dots), color=color, marker=marker, linestyle=stroke, linewidth=2, label=server)
                else:
                    pane.annotate(f"{server}: {nothing}", (0.03, 0.93), xycoords="axes fraction", color=color)
            pane.set_xscale("log")
            pane.set_xticks(sizes(results), sizes(results))
            pane.minorticks_off()
            pane.grid(axis="y", color="#dddddd")
        pair[0].set_ylabel(title)
        pair[0].set_ylim(bottom=0)  # when both have their dots: it ends the choice of the other end
    for pane, title in zip(panes[0], ("everybody reads", "and one more member, who does not read")):
        pane.set_title(title)
    for pane in panes[1]:
        pane.set_xlabel("members")
    panes[0][0].legend(frameon=False)
    drawing = io.StringIO()
    picture.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None, "Title": ABOUT})
    pyplot.close(picture)
    return drawing.getvalue().replace("</title>", f"</title>\n <desc>{described(results)}</desc>", 1)


def described(results):
    """The picture in words, for those who do not see it."""
    members = OF if OF in sizes(results) else sizes(results)[-1]
    words = []
    for server in results["servers"]:
        awake, stalled = (median(results, members, server, figure(when, "delivered")) for when in ("awake", "stalled"))
        words.append(f"{server} {per_second(awake)}, with one stalled member {per_second(stalled)}")
    return f"Delivered a second in a room of {members}: {'; '.join(words)}."
