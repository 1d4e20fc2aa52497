"""The look of the report's page: light and dark, on a screen and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d2126; --faint: #5c6670; --line: #d9dee3;
  --soft: #f5f7f9; --good: #00664b; --bad: #9c3d00; --link: #005a8f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --faint: #a3adb7; --line: #343c45;
    --soft: #1d2329; --good: #5fd3ae; --bad: #ffb07c; --link: #86c7f3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 66rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans",
    "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 {
  font-size: 1.3rem; margin: 2.6rem 0 .6rem; padding-top: .9rem;
  border-top: 1px solid var(--line);
}
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, li { max-width: 46rem; }
a { color: var(--link); }
.lead { color: var(--faint); margin-top: 0; }
nav ul { list-style: none; padding: 0; margin: 1rem 0 0; }
nav li { display: inline-block; margin-right: 1.1rem; }
.warnings {
  border-left: 4px solid var(--bad); background: var(--soft);
  padding: .6rem 1rem; margin: 1.2rem 0;
}
.warnings ul { margin: .2rem 0; padding-left: 1.2rem; }
.wide { overflow-x: auto; }
table {
  border-collapse: collapse; margin: .8rem 0 1.4rem; font-size: .88rem;
  font-variant-numeric: tabular-nums;
}
caption { text-align: left; color: var(--faint); padding-bottom: .35rem; }
th, td {
  padding: .28rem .7rem .28rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line);
}
thead th { border-bottom: 2px solid var(--line); white-space: nowrap; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; }
.interval { color: var(--faint); }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
.note { color: var(--faint); font-size: .85rem; }
table .note { font-size: .95em; font-weight: 400; }
figure { margin: 1.2rem 0 1.8rem; }
figure img { display: block; width: 100%; height: auto; border-radius: 4px; }
figcaption { color: var(--faint); font-size: .88rem; margin-top: .4rem; }
details { margin: .6rem 0 1.2rem; }
summary { cursor: pointer; color: var(--link); }
code, .hash {
  font: .85em ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere;
}
@media (prefers-color-scheme: dark) {
  /* Pictures are drawn on white: softened, not inverted, so that colours stay. */
  figure img { filter: brightness(.9); }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --faint: #444; --line: #bbb; --soft: #fff;
    --good: #00513b; --bad: #7c3000; --link: #000;
  }
  @page { size: A4; margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  h2, h3, caption { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  figure img { filter: none; max-height: 235mm; width: auto; max-width: 100%; }
  .wide { overflow: visible; }
  table { font-size: 8.5pt; }
  a { text-decoration: none; }
  details:not([open]) { display: none; }
  summary { color: var(--ink); }
}
"""
