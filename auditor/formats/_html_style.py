"""The style sheet of the HTML report: light and dark, readable at the width of a phone, no font or image."""

from __future__ import annotations

from auditor.formats._chart_svg import RULES

PICTURES = (
    r"""
svg text{fill:var(--text)}
svg .quiet{fill:var(--dim)}
.icicle rect{stroke:var(--card);stroke-width:1.5px}
.icicle text{fill:#fff}
.icicle .whole{fill:#4d5868}
.narrow{display:none}
.g0{fill:#2a63b0}.g1{fill:#a34d12}.g2{fill:#2c7748}.g3{fill:#8a3c93}
.g4{fill:#a8353c}.g5{fill:#10707f}.g6{fill:#75611a}.g7{fill:#5a5aa6}.gx{fill:#626b78}
.odd{fill-opacity:.93}
.track{fill:var(--track)}
.range{fill:var(--accent);fill-opacity:.5}
.range.b-good{fill:var(--bar-good)}.range.b-bad{fill:var(--bar-bad)}.range.b-warning{fill:var(--bar-warning)}
.mid{fill:var(--text)}
.point{fill:var(--accent)}
.point.b-good{fill:var(--bar-good)}.point.b-bad{fill:var(--bar-bad)}.point.b-warning{fill:var(--bar-warning)}
"""
    + RULES
)
"""The style of what is drawn, in the colours that the sheet names; the letters are those around it."""

STYLE = (
    r"""
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--text:#1b2430;--dim:#566173;--line:#dde2e9;
--accent:#2457a6;--good:#14622e;--good-bg:#e0f3e6;--bad:#97201f;--bad-bg:#fbe4e3;--warning:#744800;
--warning-bg:#fcefd0;--bar-good:#2f8f57;--bar-bad:#c4403c;--bar-warning:#b7791f;--track:#e9edf2;
--c0:#1763b5;--c1:#c04a00;--c2:#0a7a5a;--c3:#a13f8c;--c4:#7d6300;--c5:#4b5563}
@media (prefers-color-scheme:dark){:root{--page:#11151b;--card:#1a2029;--text:#e5eaf1;--dim:#a3aebd;
--line:#323b48;--accent:#8ab4f8;--good:#8fe0a8;--good-bg:#16392a;--bad:#ffb3ad;--bad-bg:#472120;
--warning:#f5cf7a;--warning-bg:#40320f;--bar-good:#57b37d;--bar-bad:#e57570;--bar-warning:#d9a441;
--track:#262e3a;--c0:#6fb1f7;--c1:#f4945a;--c2:#4fc7a1;--c3:#df93ca;--c4:#d6bc55;--c5:#b9c3d1}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:22px;padding-bottom:6px}
header p,footer p{color:var(--dim);font-size:14px;margin:2px 0}
footer{padding-top:4px;padding-bottom:32px}
h1{font-size:22px;line-height:1.25;margin:0}
h2{font-size:20px;line-height:1.35;margin:0 0 10px;
display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center}
h3{font-size:16px;margin:24px 0 8px}
h4{font-size:14px;font-weight:600;margin:0 0 4px}
h2 .name,dt,dd{min-width:0}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin:16px 0}
nav ul{list-style:none;margin:12px 0 0;padding:0;display:grid;gap:6px;
grid-template-columns:minmax(0,1fr)}
nav li{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center}
a{color:var(--accent)}
.badge{display:inline-block;border-radius:999px;padding:1px 10px;font-size:13px;font-weight:600;
max-width:100%;border:1px solid transparent}
td .badge{white-space:nowrap}
td.number .badge{background:none;padding:0;border:0;font-size:inherit}
.good{color:var(--good);background:var(--good-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}
.warning{color:var(--warning);background:var(--warning-bg)}
.plain{color:var(--dim);border-color:var(--line)}
.dim{color:var(--dim)}
p{margin:8px 0}
ul.said{margin:6px 0 10px;padding-left:20px}
ul.said li{margin:3px 0}
.next{border-left:3px solid var(--accent);padding:2px 0 2px 14px;margin-top:22px}
.next h3{margin-top:0}
.next ul{margin-bottom:0}
dl{display:grid;grid-template-columns:fit-content(12em) minmax(0,1fr);gap:5px 22px;margin:14px 0}
dt{color:var(--dim)}
dd{margin:0}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{
outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:15px}
th,td{text-align:left;padding:7px 12px;vertical-align:top}
th{color:var(--dim);font-weight:600;font-size:13px;white-space:nowrap}
tbody tr{border-top:1px solid var(--line)}
td.text,td.number{white-space:nowrap;overflow-wrap:normal}
td.prose{min-width:15em}
.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:0}
svg{display:block;overflow:hidden}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.icicle{border-radius:8px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(290px,100%),1fr));gap:22px 36px;
margin:16px 0 4px}
@media (min-width:701px){.charts.of4{grid-template-columns:1fr 1fr}}
.plot{width:calc(100% - 78px);margin:9px 14px 2px 64px;overflow:visible}
.free{overflow:visible}
.key{list-style:none;margin:6px 0 10px;padding:0;display:flex;flex-wrap:wrap;gap:4px 20px;font-size:14px}
.key li{display:flex;gap:8px;align-items:center;min-width:0}
.key svg{flex:none}
.axes,.note{font-size:13px;color:var(--dim);margin:0}
.axes.below{text-align:right;margin:0 14px 8px}
.groups{margin:12px 0 16px;border:1px solid var(--line);border-radius:8px}
.groups details+details{border-top:1px solid var(--line)}
summary{cursor:pointer;padding:7px 12px;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"\25B8";color:var(--dim);display:inline-block;width:18px}
details[open]>summary::before{content:"\25BE"}
summary:hover{background:var(--track)}
.groups summary{display:grid;grid-template-columns:18px 14px minmax(0,1fr) auto;gap:4px;align-items:center}
.groups summary>span:first-of-type{padding-left:6px}
code{font:0.92em ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;background:var(--track);
border-radius:4px;padding:1px 4px}
.groups summary svg{border-radius:3px}
.groups table{font-size:14px}
.groups td.prose{width:100%}
.groups .scroll{border-width:1px 0 0;border-radius:0}
details.more{margin-top:10px}
"""
    + PICTURES
    + r"""
@media (max-width:700px){
main,header,footer{padding-left:12px;padding-right:12px}
section{padding:16px 14px}
dl{grid-template-columns:minmax(0,1fr);gap:0}
dd{margin-bottom:9px}
.wide{display:none}.narrow{display:inline}
th,td{padding:7px 9px}
td.prose{min-width:7.5em}
}
@media print{body{background:#fff}section{break-inside:avoid-page}}
"""
)
