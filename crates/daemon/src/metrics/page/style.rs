//! Look of the status page: light and dark, wide and narrow.

pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1d2328;--soft:#5b6670;--line:#dde2e7;--ground:#fff;--box:#f5f7f9;--bad:#b3261e;\
--well:#1b6e3c;--busy:#0b62a4;--c0:#0b62a4;--c1:#c0501f;--c2:#2a8a3e;--c3:#7a3fa0;--c4:#8a6d00;--c5:#00808a}\
@media (prefers-color-scheme:dark){:root{--text:#e4e8ec;--soft:#9aa5af;--line:#333b43;--ground:#14181c;--box:#1d2328;\
--bad:#ff8a80;--well:#7ddba0;--busy:#7ec0f5;--c0:#7ec0f5;--c1:#ff9e6e;--c2:#7ddba0;--c3:#cfa2ee;--c4:#e6c65c;\
--c5:#62d0da}}\
*{box-sizing:border-box}\
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:76em;padding:1em;color:var(--text);\
background:var(--ground)}\
h1{font-size:1.15em;margin:0 0 .6em;font-weight:600}h2{font-size:1.05em;margin:1.8em 0 .5em}\
.bad{color:var(--bad)}.well{color:var(--well)}.busy{color:var(--busy)}.soft{color:var(--soft)}\
.state{background:var(--box);border-left:5px solid var(--busy);padding:.8em 1em;margin:0 0 1em;border-radius:4px}\
.state.bad{border-color:var(--bad);color:var(--text)}.state.well{border-color:var(--well);color:var(--text)}\
.state p{margin:.2em 0}.state .words{font-size:1.3em;overflow-wrap:anywhere}\
code{font:13px/1.5 ui-monospace,monospace;background:var(--ground);border:1px solid var(--line);border-radius:3px;\
padding:.1em .4em;overflow-wrap:anywhere}\
ol.steps{display:flex;flex-wrap:wrap;gap:.3em .5em;list-style:none;padding:0;margin:.7em 0 .2em}\
ol.steps li{border:1px solid var(--line);border-radius:1em;padding:.1em .8em;color:var(--soft);\
background:var(--ground)}\
ol.steps li.done{color:var(--well);border-color:var(--well)}\
ol.steps li.now{color:var(--busy);border-color:var(--busy);font-weight:600}\
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid var(--line);vertical-align:top}\
th{font-weight:600;color:var(--soft);white-space:nowrap}td{overflow-wrap:anywhere}\
td.number,td.word{white-space:nowrap}td.name{min-width:10em}td.long{min-width:12em}\
progress{width:7em;max-width:100%;accent-color:var(--busy)}\
form{display:flex;flex-wrap:wrap;gap:.5em;margin:0 0 .6em}input,select,button{font:inherit;padding:.15em .5em}\
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(28em,100%),1fr));gap:1em}\
figure{margin:0}figcaption{color:var(--soft);font-size:.9em}svg{width:100%;height:auto;display:block}\
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg line{stroke:var(--line)}\
svg path{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}details{margin:1.2em 0}\
summary{cursor:pointer;font-weight:600}\
@media (max-width:44em){body{padding:.6em;font-size:14px}.wide{display:none}progress{width:4em}\
td,th{padding-right:.5em}}";
