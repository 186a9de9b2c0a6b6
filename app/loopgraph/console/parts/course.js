// How an experiment went: the interval of its effect, which narrows as units come in.
import { count, counted, percent } from "../lib/format.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { metricText } from "./proof.js";
import { When } from "./small.js";
import { Shown } from "./states.js";
import { Table } from "./table.js";

const WIDTH = 1_000;
const HEIGHT = 160;

/** Of the candidate `treatment`. `executions` is how many there are: with more of them it is asked anew.
 * @param {{id: string, treatment: string, executions: number}} props */
export function Course({ id, treatment, executions }) {
  const asked = useQuery(executions ? "course" : null, { id, treatment });
  const known = useRef(executions);
  useEffect(() => {
    if (known.current && known.current !== executions) asked.reload();
    known.current = executions;
  }, [executions]);
  if (!executions) return null;
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { experimentCourse: course }) => {
      const points = course?.points.filter((/** @type {any} */ point) => point.interval) ?? [];
      return points.length > 1 ? html`<${Band} course=${course} points=${points} />` : html`<p class="quiet">Its effect is told once each arm has some more units.</p>`;
    }}
  <//>`;
}

/** @param {{course: any, points: any[]}} props */
function Band({ course, points }) {
  const text = (/** @type {number} */ value) => metricText(course.metric, value);
  const units = (/** @type {any} */ point) => point.controlUnits + point.treatmentUnits;
  const last = points[points.length - 1];
  // The first intervals are so wide that what came later would be a line beside them.
  const far = (/** @type {any} */ { interval }) => Math.max(Math.abs(interval.low), Math.abs(interval.high));
  const reach = 1.1 * Math.min(3 * far(last), Math.max(...points.map(far))) || 1;
  const from = units(points[0]);
  const x = (/** @type {any} */ point) => ((units(point) - from) / (units(last) - from || 1)) * WIDTH;
  const y = (/** @type {number} */ value) => HEIGHT / 2 - (Math.max(-reach, Math.min(reach, value)) / reach) * (HEIGHT / 2 - 4);
  const line = (/** @type {(point: any) => number} */ of) => points.map((point) => `${x(point)},${y(of(point))}`);
  const band = [...line((point) => point.interval.high), ...line((point) => point.interval.low).reverse()].join(" ");
  return html`<figure class="course">
    <figcaption>
      The effect, between ${text(last.interval.low)} and ${text(last.interval.high)}
      <span class="quiet"> in an interval that holds at ${percent(1 - course.level)} however often one looks</span>
    </figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon class="band" points=${band} />
      <line class="zero" x1="0" x2=${WIDTH} y1=${y(0)} y2=${y(0)} />
      <polyline class="point" points=${line((point) => point.effect).join(" ")} />
    </svg>
    <div class="ends quiet" aria-hidden="true"><span>${counted(from, "unit")}</span><span>dashed: no effect</span><span>${counted(units(last), "unit")}</span></div>
    <details>
      <summary>As a table</summary>
      <${Table}
        caption="How the experiment went"
        rows=${points}
        columns=${[
          { title: "By", cell: (/** @type {any} */ point) => html`<${When} of=${point.at} />` },
          { title: "Control units", cell: (/** @type {any} */ point) => count(point.controlUnits), number: true },
          { title: "Treatment units", cell: (/** @type {any} */ point) => count(point.treatmentUnits), number: true },
          { title: "Effect", cell: (/** @type {any} */ point) => text(point.effect), number: true },
          { title: "Lowest", cell: (/** @type {any} */ point) => text(point.interval.low), number: true },
          { title: "Highest", cell: (/** @type {any} */ point) => text(point.interval.high), number: true },
        ]}
      />
    </details>
  </figure>`;
}
