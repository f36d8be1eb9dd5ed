"""A notebook as a page to read and as slides to show: one file each, which needs no network."""

import html
import os
import re

from nbconvert.filters import Highlight2HTML, markdown2html

from . import source

HERE = source.HERE / "press"
LINES = 19  # of text that a slide holds at its usual size; what is more goes on the next one
WIDE = 72  # letters in a line of a slide


def write(name, folder):
    """Write NAME.html and NAME.slides.html into this folder. Returns complaints, as all jobs do: what is stale must be made first."""
    said = source.complaints(name)
    if said:
        return said
    cells = [(cell, rendered(cell, folder)) for cell in source.load(name)["cells"]]
    title = source.text_of(cells[0][0]["source"]).split("\n")[0].lstrip("# ")
    page("page", folder / f"{name}.html", title, "\n".join(body for _, body in cells))
    page("slides", folder / f"{name}.slides.html", title, "\n".join(f"<section><div>{body}</div></section>" for body in slides(cells)))
    return []


def page(kind, path, title, body):
    styles = "".join((HERE / f"{part}.css").read_text(encoding="utf-8") for part in ("common", kind))
    script = (HERE / "slides.js").read_text(encoding="utf-8") if kind == "slides" else ""
    path.write_text(f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
                    f"<title>{html.escape(title)}</title>\n<style>\n{styles}</style>\n<body>\n<main>\n{body}\n</main>\n"
                    + f"<script>\n{script}</script>\n" * bool(script) + "</html>\n", encoding="utf-8", newline="\n")


# ------------------------------------------------------------------ cells

def rendered(cell, folder):
    """A cell as HTML."""
    text = source.text_of(cell["source"])
    if cell["cell_type"] == "markdown":
        return linked(prose(text), folder)
    tags = cell["metadata"].get("tags", ())
    out = "".join(map(output, source.joined(cell["outputs"])))
    if tags == ["picture"]:
        return out
    code = f'<div class="code{" wrong" if "wrong" in tags else ""}">{Highlight2HTML()(text)}</div>'
    if "folded" in tags:
        out = f"<details><summary>Run it</summary>{out}</details>"
    return code + out


def prose(text):
    """Markdown as HTML; what stands in <details> is Markdown, too."""
    return re.sub(r' id="[^"]*"|<a class="anchor-link".*?</a>', "", markdown2html(text))


def output(one):
    if one["output_type"] == "stream":
        return f'<pre class="output">{html.escape(one["text"].rstrip())}</pre>'
    shown = one["data"]
    if "text/html" in shown:
        return shown["text/html"]
    return f'<div class="shown">{prose(shown["text/markdown"])}</div>' if "text/markdown" in shown else f'<pre class="output">{html.escape(shown["text/plain"])}</pre>'


def linked(body, folder):
    """Links to the kit's own files, as they lead there from this folder."""
    def lead(match):
        target = match[1]
        if target.endswith(".ipynb"):
            return f'href="{target.removesuffix(".ipynb")}.html"'
        return f'href="{os.path.relpath(source.HERE / target, folder.resolve()).replace(os.sep, "/")}"'
    return re.sub(r'href="(?!https?:|#|data:)([^"]+)"', lead, body)


# ------------------------------------------------------------------ slides

def slides(cells):
    """What goes on each slide, as HTML: a heading begins a new one, and so does what finds no room; code stays with its output."""
    heading, pile, height = "", [], 0
    for cell, body in cells:
        for block in blocks(cell, body):
            begins = re.match(r"\s*<h[12]", block)
            lines = lines_of(block)
            # A few lines are not worth a slide: they are squeezed in.
            only_title = pile and "<h1" in pile[0] and not any("<h2" in one for one in pile)
            if pile and (begins and not only_title or height + lines > LINES + 4 * (lines <= 4)):
                yield "".join(pile)
                pile, height = [], 0
            if begins:
                heading = re.search(r"<(h[12])[^>]*>(.*?)</\1>", block, re.S)[2]
            elif not pile:
                pile, height = [f'<p class="running">{heading}</p>'], 1
            pile.append(block)
            height += lines
    if pile:
        yield "".join(pile)


def blocks(cell, body):
    """A cell's HTML in the parts between which a slide may end."""
    if cell["cell_type"] == "code":
        return [body]
    parts, depth = [""], 0
    for piece in re.split(r"(?<=</p>)|(?<=</h1>)|(?<=</h2>)|(?<=</ul>)|(?<=</ol>)|(?<=</table>)|(?<=</pre>)|(?<=</div>)|(?<=</details>)", body):
        parts[-1] += piece
        depth += len(re.findall("<(?:details|div|ul|ol)", piece)) - len(re.findall("</(?:details|div|ul|ol)>", piece))
        if depth == 0 and not re.fullmatch(r"\s*<h[12].*", parts[-1].strip(), re.S):
            parts.append("")
        elif depth == 0 and re.search(r"</(p|ul|ol|table|pre)>\s*$", parts[-1]):
            parts.append("")
    return [part for part in parts if part.strip()]


def lines_of(block):
    """About how many lines of a slide this takes; a picture takes all of one, to be seen from the back row."""
    if "<img" in block:
        return LINES
    folded = re.sub(r"<details>.*?</details>", "<p>folded</p>", block, flags=re.S)
    text = re.sub(r"<[^>]+>", "", folded.replace("</p>", "\n").replace("</li>", "\n"))
    line = 0.8 if "<pre" in block else 1  # code is smaller
    return sum(line * (1 + len(words) // WIDE) for words in text.splitlines() if words.strip()) + 0.5 * len(re.findall("<(?:p|ul|ol|h1|h2|pre)[ >]", folded))
