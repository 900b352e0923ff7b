/* SPDX-License-Identifier: GPL-2.0-only */
/* How the HTML report looks: light, dark as the reader's system has it, and light on paper. */
#include "compare/html_write.h"

/* Hues of functions as in themes/light.json and themes/dark.json, so that a report and the screen agree. */
#define LIGHT                                                                                                          \
	"--bg:#fbfbf8;--fg:#24292f;--dim:#57606a;--line:#d0d7de;--card:#ffffff;--worse:#b3201a;--better:#116329;"      \
	"--same:#8c959f;--v0:#57606a;--v1:#c2410c;--v2:#0969da;--v3:#7c3aed;--v4:#0f766e;--v5:#a16207;--v6:#be185d;"   \
	"--v7:#4d7c0f;--idle:#eceff2;--runnable:#d19a00;--runtime:#a3acb6;--stw:#b4423a;--gap:#b3201a;"                \
	"--f0:#2277aa;--f1:#00805d;--f2:#a8487f;--f3:#3b5bd6;--f4:#4c9a50;--f5:#7e5fc4;--f6:#0891a5;--f7:#5c6f92;"     \
	"--f8:#2d8a80;--f9:#71834d;--f10:#8f6be0;--f11:#3f78b0;"
#define DARK                                                                                                           \
	"--bg:#10141c;--fg:#c9d1d9;--dim:#8b97a6;--line:#2b3a4f;--card:#161c27;--worse:#ff7b72;--better:#56d364;"      \
	"--same:#6e7a8a;--v0:#9fb0c3;--v1:#ff8a5c;--v2:#58a6ff;--v3:#c3a6ff;--v4:#4db6ac;--v5:#e3b341;--v6:#f778ba;"   \
	"--v7:#a3d977;--idle:#1a212c;--runnable:#e3b341;--runtime:#5b6572;--stw:#ff6b62;--gap:#ffd866;"                \
	"--f0:#56b4e9;--f1:#009e73;--f2:#cc79a7;--f3:#5e81f4;--f4:#7bc67e;--f5:#b39ddb;--f6:#26c6da;--f7:#8d9db6;"     \
	"--f8:#4db6ac;--f9:#a3b18a;--f10:#c3a6ff;--f11:#6fa8dc;"

static const char style[] =
	":root{color-scheme:light dark;" LIGHT "}\n"
	"@media (prefers-color-scheme:dark){:root{" DARK "}}\n"
	"@media print{:root{color-scheme:light;" LIGHT "}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:68rem;padding:1.5rem;background:var(--bg);color:var(--fg);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\n"
	"h1{font-size:1.35rem;line-height:1.35;margin:.2rem 0 .6rem}\n"
	"h2{font-size:1.05rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}\n"
	"h3{font-size:.95rem;margin:1.2rem 0 .3rem}\n"
	"p{margin:.4rem 0;max-width:50rem}\n"
	".kicker,.note,figcaption{color:var(--dim);font-size:.85rem}\n"
	".warn{border-left:4px solid var(--worse);background:var(--card);padding:.4rem .8rem;margin:.6rem 0}\n"
	"code,pre,.mono{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:.86em}\n"
	"pre{background:var(--card);border:1px solid var(--line);border-radius:4px;padding:.6rem .8rem;"
	"white-space:pre-wrap;overflow-wrap:anywhere}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
	"th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\n"
	"th{font-weight:600;font-size:.82rem;color:var(--dim);vertical-align:bottom}\n"
	"th:first-child,td:first-child,.left{text-align:left}\n"
	"td svg{display:block}\n"
	".worse{--c:var(--worse)}.better{--c:var(--better)}.same{--c:var(--same)}\n"
	"td.worse,td.better{color:var(--c);font-weight:600}td.same{color:var(--dim)}\n"
	".v0{--c:var(--v0)}.v1{--c:var(--v1)}.v2{--c:var(--v2)}.v3{--c:var(--v3)}.v4{--c:var(--v4)}.v5{--c:var(--v5)}"
	".v6{--c:var(--v6)}.v7{--c:var(--v7)}\n"
	".chip{display:inline-block;width:.75em;height:.75em;border-radius:2px;background:var(--c);margin-right:.35em}"
	"\n"
	"ul.legend{list-style:none;margin:.3rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.1rem "
	"1.1rem;font-size:.85rem}\n"
	"figure{margin:.6rem 0 1.2rem;break-inside:avoid}\n"
	"figure svg{width:100%;height:auto;display:block}\n"
	"svg text{fill:var(--dim);font:11px system-ui,-apple-system,'Segoe UI',sans-serif}\n"
	"svg text.strong{fill:var(--fg)}\n"
	".axis{stroke:var(--line);stroke-width:1;fill:none}.one{stroke:var(--dim);stroke-width:1;stroke-dasharray:2 "
	"2}\n"
	".area{fill:var(--c);fill-opacity:.22;stroke:var(--c);stroke-width:1.5}\n"
	".bar{stroke:var(--c);stroke-width:5;stroke-opacity:.45}.dot{fill:var(--c)}.tick{stroke:var(--c);stroke-width:"
	"2}\n"
	".idle{fill:var(--idle)}.run-none{fill:var(--runtime)}.runnable{fill:var(--runnable)}\n"
	".stw{fill:var(--stw);fill-opacity:.5}.gap{stroke:var(--gap);stroke-width:.6}.hatch{stroke:var(--gap);"
	"stroke-width:2}\n"
	".f0{--c:var(--f0)}.f1{--c:var(--f1)}.f2{--c:var(--f2)}.f3{--c:var(--f3)}.f4{--c:var(--f4)}.f5{--c:var(--f5)}"
	".f6{--c:var(--f6)}.f7{--c:var(--f7)}.f8{--c:var(--f8)}.f9{--c:var(--f9)}.f10{--c:var(--f10)}.f11{--c:var(--"
	"f11)}\n"
	".run{fill:var(--c)}\n"
	"details summary{cursor:pointer;color:var(--dim)}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.4rem 0}dt{color:var(--dim)}"
	"dd{margin:0;overflow-wrap:anywhere}\n"
	".verdict{margin:.5rem 0;padding-left:.8rem;border-left:3px solid "
	"var(--same)}.critical{border-color:var(--worse)}"
	".warning{border-color:var(--runnable)}.verdict p{margin:.1rem 0}\n"
	"@media "
	"print{body{max-width:none;padding:0;font-size:10pt}.wide{overflow:visible}tr,.verdict{break-inside:avoid}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void html_style(FILE *out)
{
	fputs(style, out);
}
