// What the figures share: sliders, drawing, numbers of a fixed seed.

const $ = (id) => document.getElementById(id);

/** A number for people: two digits behind the point, a real minus sign. */
const shown = (value, digits = 2) => {
    const text = (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits);
    return text.replace("-", "−");
};

/** A labelled slider; `changed` is called with each new value. */
function slider(parent, id, label, start, changed, { low = -2, high = 2, step = 0.1 } = {}) {
    const row = document.createElement("div");
    row.className = "slider";
    const name = document.createElement("label");
    name.htmlFor = id;
    name.innerHTML = label;
    const input = Object.assign(document.createElement("input"), { type: "range", id, min: low, max: high, step, value: start });
    const output = document.createElement("output");
    output.htmlFor = id;
    const digits = (String(step).split(".")[1] ?? "").length;
    const show = () => { output.textContent = shown(Number(input.value), digits); };
    input.addEventListener("input", () => { show(); changed(Number(input.value)); });
    show();
    row.append(name, input, output);
    parent.append(row);
    return { input, set: (value) => { input.value = value; show(); } };
}

/** An element of a drawing. */
function drawn(parent, kind, attributes, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    parent.append(element);
    return element;
}

/** The points as the text of a polyline, in a drawing of the given size with x and y from -1 to 1. */
const line = (xs, ys, width, height) =>
    Array.from(xs, (x, i) => `${((x + 1) / 2 * width).toFixed(1)},${((1 - ys[i]) / 2 * height).toFixed(1)}`).join(" ");

/** Normal numbers from a seed: the same in every browser, since only +, *, / and the kernels' own functions are used. */
function normals(seed) {
    let state = seed >>> 0;
    const uniform = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 4294967296;
    };
    return () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b, -6);
}

/** An order of rows from a seed. */
function shuffled(rows, seed) {
    const order = Int32Array.from({ length: rows }, (_, i) => i);
    let state = (seed * 2654435761 + 12345) >>> 0;
    for (let i = rows - 1; i > 0; i--) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const j = Math.floor(state / 4294967296 * (i + 1));
        [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
}
