"""The pages: of a class, a matrix of students and rules; and of one submission, all that was seen.

Self-contained HTML, light and dark, without scripts and without the network. Everything
that a student wrote is shown as text.
"""

from collections import Counter
from html import escape
from urllib.parse import quote

from ..picture import figure
from ..verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING
from .grader import file_name

WORST_FIRST = (ERROR, FAILED, UNKNOWN, WAITING, PASSED)
SIGNS = {PASSED: "✓", FAILED: "✗", WAITING: "…", UNKNOWN: "?", ERROR: "!"}
MEANING = {PASSED: "seen kept", FAILED: "seen broken", WAITING: "not run, because something it needs did not pass",
           UNKNOWN: "the kit could not tell: decide by hand", ERROR: "the kit broke: judge again", "none": "not handed in"}
MOST_SHOWN = 8  # rules in the list of those that the class did not keep
STYLE = """
:root { color-scheme: light dark; --text: #1d2330; --soft: #5b6475; --paper: #fff; --card: #f4f6fa; --line: #d5dae3;
  --passed: #cdebd3; --failed: #f3a6a0; --waiting: #dde1e8; --unknown: #f6dd94; --error: #d8b4f0; --link: #1a56b0 }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ef; --soft: #9aa4b5; --paper: #14171d; --card: #1d222b; --line: #38404d;
  --passed: #1f4a2c; --failed: #8c2f2a; --waiting: #333a46; --unknown: #6b5515; --error: #573473; --link: #8ab8ff } }
* { box-sizing: border-box }
body { margin: 2rem auto; padding: 0 1rem; max-width: 70rem; background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
body.wide { max-width: none }
a { color: var(--link) } h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem } h3 { font-size: 1rem; margin: 0 0 .5rem }
.soft { color: var(--soft) } .scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line) }
table { border-collapse: collapse } td, th { padding: .15rem .4rem; text-align: left; white-space: nowrap }
.matrix { font-size: .85rem } .matrix td, .matrix th { border: 1px solid var(--line); text-align: center }
.matrix thead th { position: sticky; top: 0; background: var(--card); z-index: 1; font-weight: 600 }
.matrix thead tr + tr th { top: 1.75rem } .matrix .name { position: sticky; left: 0; background: var(--card); text-align: left; z-index: 1 }
.matrix thead .name { z-index: 2 } .matrix .first { border-left: 3px solid var(--line) } .matrix td a { color: inherit; text-decoration: none; display: block }
.passed { background: var(--passed) } .failed { background: var(--failed) } .waiting { background: var(--waiting) }
.unknown { background: var(--unknown) } .error { background: var(--error) }
.key span { padding: .1rem .5rem; margin-right: .3rem; border-radius: .2rem; white-space: nowrap; display: inline-block }
.bar { display: inline-block; height: .8rem; background: var(--failed); vertical-align: middle; min-width: 2px }
.card { background: var(--card); border-left: 5px solid var(--line); padding: 1rem; margin: 1rem 0; border-radius: .2rem }
.card.failed { background: var(--card); border-color: var(--failed) } .card.unknown { background: var(--card); border-color: var(--unknown) }
.card.error { background: var(--card); border-color: var(--error) } dt { font-weight: 600; margin-top: .6rem } dd { margin: 0 }
pre { margin: .3rem 0; padding: .5rem; overflow: auto; background: var(--paper); border: 1px solid var(--line); font: .85rem/1.45 ui-monospace, monospace }
pre b { background: var(--unknown); display: inline-block; min-width: 100% } ul { padding-left: 1.2rem }
@media print { .scroll { max-height: none; overflow: visible } .card { break-inside: avoid } }
"""


def document(title, body, wide=False):
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
            f"<body{' class=wide' if wide else ''}>\n{body}\n</body></html>\n")


def key():
    return "<p class=key>" + " ".join(f"<span class={verdict}>{SIGNS.get(verdict, '')} {escape(meaning)}</span>" for verdict, meaning in MEANING.items()) + "</p>"


def worst(verdicts):
    return next(verdict for verdict in WORST_FIRST if verdict in verdicts)


def by_rule(lesson):
    """The lesson's own rules and what came out of each, {rule: verdict}; those of earlier lessons under `kept`."""
    found = {}
    for check in lesson["checks"]:
        rule = check["rule"] if check["rule"][:2] == lesson["lesson"][:2] else "kept"
        found.setdefault(rule, set()).add(check["verdict"])
    return {rule: worst(verdicts) for rule, verdicts in found.items()}


# ------------------------------------------------------------------ the class

def class_page(results, title):
    """The page of a class, as HTML: which rules it did not keep, and who kept which. Its students' pages lie in `pages`."""
    found, verdicts = {}, {}
    for result in results:
        for lesson in result["lessons"]:
            for check in lesson["checks"]:
                found.setdefault(check["rule"], Counter())[check["title"]] += check["verdict"] == FAILED
            for rule, verdict in by_rule(lesson).items():
                verdicts.setdefault((lesson["lesson"], rule), Counter())[verdict] += 1
    titles = {rule: count.most_common(1)[0][0] for rule, count in found.items()}  # of a rule's checks the one that most did not pass
    rules = sorted(verdicts, key=lambda one: (one[0], one[1] == "kept", one[1]))
    body = [f"<h1>{escape(title)}</h1>", f"<p>{summary(results)}</p>", not_understood(verdicts, titles), "<h2>Who kept which rule</h2>", key(),
            "<div class=scroll><table class=matrix>", head(rules, verdicts, titles), "<tbody>"]
    for result in results:
        body.append(student_row(result, rules, titles))
    return document(title, "\n".join([*body, "</tbody></table></div>", for_the_eye(results)]), wide=True)


def summary(results):
    lessons = [lesson for result in results for lesson in result["lessons"]]
    open_ = list(filter(is_open, results))
    text = f"{len(results)} submissions, {sum(lesson['passed'] for lesson in lessons)} of {len(lessons)} lessons passed. "
    if open_:
        text += "<strong>To look at by hand:</strong> " + ", ".join(link(result) for result in open_[:20]) + (" and others" if len(open_) > 20 else "")
    return text


def is_open(result):
    """Is there something of it that the instructor must decide?"""
    return bool(result["broke"] or not result["lessons"] or any(lesson["undecided"] for lesson in result["lessons"]))


def not_understood(verdicts, titles):
    """The rules that most students broke, the worst first."""
    broken = sorted(((count[FAILED], sum(count.values()), rule) for (_, rule), count in verdicts.items() if count[FAILED] and rule != "kept"),
                    key=lambda one: (-one[0] / one[1], one[2]))[:MOST_SHOWN]
    lines = [f"<tr><td>{escape(rule)}</td><td>{escape(titles[rule])}</td><td>{failed} of {all_}</td>"
             f"<td><span class=bar style=\"width: {100 * failed / all_:.0f}px\"></span></td></tr>" for failed, all_, rule in broken]
    return "<h2>What was not understood</h2>\n" + (f"<table>{''.join(lines)}</table>" if lines else "<p>No rule was seen broken.</p>")


def head(rules, verdicts, titles):
    lessons = Counter(lesson for lesson, _ in rules)
    first = "".join(f"<th class=first colspan={count + 1}>{escape(lesson)}</th>" for lesson, count in lessons.items())
    second, seen = [], None
    for lesson, rule in rules:
        if lesson != seen:
            second.append("<th class=first>points</th>")
            seen = lesson
        count = verdicts[lesson, rule]
        share = count[FAILED] / sum(count.values())
        about = titles.get(rule, "a rule of an earlier lesson, which this one keeps")
        second.append(f"<th class={'failed' if share >= 0.5 else 'plain'} title=\"{escape(about)}: broken by {count[FAILED]} of {sum(count.values())}\">"
                      f"{escape(rule)}<br><small>{100 * share:.0f} %</small></th>")
    return f"<thead><tr><th class=name>student</th>{first}</tr><tr><th class=name>broken by</th>{''.join(second)}</tr></thead>"


def address(result):
    return f"pages/{quote(file_name(result['submission'], '.html'), errors='surrogateescape')}"


def link(result):
    return f"<a href=\"{address(result)}\">{escape(result['submission'])}</a>"


def student_row(result, rules, titles):
    lessons = {lesson["lesson"]: lesson for lesson in result["lessons"]}
    found = {(name, rule): verdict for name, lesson in lessons.items() for rule, verdict in by_rule(lesson).items()}
    marked = result["broke"] or any(lesson["notes"] for lesson in result["lessons"])
    cells, seen = [], None
    for name, rule in rules:
        if name != seen:
            lesson, seen = lessons.get(name), name
            cells.append(f"<td class=first>{lesson['points']} of {lesson['max_points']}</td>" if lesson else "<td class=first></td>")
        verdict = found.get((name, rule))
        about = f"{result['submission']}, {rule} {titles.get(rule, '')}: {MEANING[verdict or 'none']}"
        sign = f"<a href=\"{address(result)}#{anchor(name, rule)}\">{SIGNS[verdict]}</a>" if verdict else ""
        cells.append(f"<td class={verdict or 'none'} title=\"{escape(about)}\">{sign}</td>")
    return f"<tr><th class=name>{link(result)}{' *' if marked else ''}</th>{''.join(cells)}</tr>"


def for_the_eye(results):
    """What is marked with * in the matrix: nothing of it has changed a verdict."""
    lines = [f"<li>{link(result)}, {escape(lesson['lesson'])}: {escape('; '.join(lesson['notes']))}</li>"
             for result in results for lesson in result["lessons"] if lesson["notes"]]
    lines += [f"<li>{link(result)}: {escape(result['broke'])}</li>" for result in results if result["broke"]]
    return f"<h2>* For your eye, not judged</h2><ul>{''.join(lines)}</ul>" if lines else ""


def anchor(lesson, rule):
    return escape(f"{lesson}-{rule}")


# ------------------------------------------------------------------ one submission

def report_page(result, picture=figure):
    """The page of one submission, as HTML.

    result: a verdict file's content; what its checks have besides (`should`, `detail`, the
    lines around each place) is shown where it is there. picture(lesson, check) gives more
    HTML for a check that did not pass: the picture of its story.
    """
    body = [f"<h1>{escape(result['submission'])}</h1>", board(result)]
    if result.get("broke"):
        body.append(f"<p class=error>The kit broke: {escape(result['broke'])}</p>")
    if result.get("left_out"):
        body.append("<p>Not taken of what was handed in:</p><ul>" + "".join(f"<li>{escape(line)}</li>" for line in result["left_out"]) + "</ul>")
    for lesson in result["lessons"]:
        body += of_lesson(lesson, picture)
    return document(result["submission"], "\n".join(body))


def board(result):
    """The course at a glance."""
    lines = []
    for lesson in result["lessons"]:
        signs = "".join(f"<td class={verdict}><a href=\"#{anchor(lesson['lesson'], rule)}\" title=\"{escape(rule)}: {MEANING[verdict]}\">{escape(rule)}</a></td>"
                        for rule, verdict in by_rule(lesson).items())
        notes = f"<td class=soft>{escape('; '.join(lesson['notes']))}</td>" if lesson.get("notes") else ""
        lines.append(f"<tr><th><a href=\"#{escape(lesson['lesson'])}\">{escape(lesson['lesson'])}</a></th>"
                     f"<td>{'passed, ' if lesson['passed'] else ''}{lesson['points']} of {lesson['max_points']} points</td>{signs}{notes}</tr>")
    return f"<table class=matrix>{''.join(lines)}</table>" + key()


def of_lesson(lesson, picture):
    out, seen = [f"<h2 id=\"{escape(lesson['lesson'])}\">{escape(lesson['lesson'])}: {lesson['points']} of {lesson['max_points']} points</h2>"], set()
    passed, waiting = [], {}
    for check in lesson["checks"]:
        rule = check["rule"] if check["rule"][:2] == lesson["lesson"][:2] else "kept"
        mark = "" if rule in seen else f" id=\"{anchor(lesson['lesson'], rule)}\""
        seen.add(rule)
        if check["verdict"] == PASSED:
            passed.append(f"<li{mark}>{escape(check['rule'])} {escape(check['title'])}</li>")
        elif check["verdict"] == WAITING:
            waiting.setdefault(check["message"], []).append(f"<li{mark}>{escape(check['rule'])} {escape(check['title'])}</li>")
        else:
            out.append(of_check(lesson["lesson"], check, mark, picture))
    for reason, lines in waiting.items():
        out.append(f"<details open><summary>{len(lines)} not run: {escape(reason)}</summary><ul>{''.join(lines)}</ul></details>")
    if passed:
        out.append(f"<details><summary>{len(passed)} passed</summary><ul>{''.join(passed)}</ul></details>")
    return out


def of_check(lesson, check, mark, picture):
    """All about a check that did not pass."""
    parts = [("What should be", paragraphs(check.get("should"))), ("What was", paragraphs(check["message"])),
             ("Where to look", "".join(map(spot, check["where"] or ()))), ("Hint", paragraphs(check["hint"]) if check["verdict"] == FAILED else ""),
             ("", picture(lesson, check)), ("What happened", lines_of(check["transcript"]))]
    parts += [(escape(title), lines_of(lines)) for title, lines in check.get("detail") or ()]
    body = "".join(f"<dt>{title}</dt><dd>{content}</dd>" for title, content in parts if content)
    return (f"<section class=\"card {check['verdict']}\"{mark}><h3>{SIGNS[check['verdict']]} {escape(check['rule'])} {escape(check['title'])}</h3>"
            f"<dl>{body}</dl></section>")


def paragraphs(text):
    return "<br>".join(map(escape, (text or "").splitlines()))


def lines_of(lines):
    return f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def spot(place):
    """A place in the student's files, with the lines around it where they are known."""
    around = place.get("around") or ()
    lines = "\n".join(f"<b>{number:>4}  {escape(text)}</b>" if number == place["line"] else f"{number:>4}  {escape(text)}" for number, text in around)
    return f"<div><code>{escape(place['file'])}:{place['line']}</code> {escape(place['what'])}</div>" + (f"<pre>{lines}</pre>" if around else "")
