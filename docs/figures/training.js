// A 2-8-8-1 network (x and the constant 1; two hidden layers) trained in the page from the linear seed.

const WIDTHS = [2, 8, 8, 1], ROWS = 101, BATCH = 20, RATE = 0.01, EIGENVALUE_RATE = 0.02;
const LIMIT = 600;
// Adam moves a number by about its rate in each step, so an eigenvalue that the penalty holds at 0 trembles by less than this.
const OFF = 0.02;
const layout = layoutOf("global", WIDTHS, []);
const SIZE = parametersOf(layout, "global");
const TANH = ACTIVATIONS.indexOf("tanh");
const xs = Float64Array.from({ length: ROWS }, (_, i) => -1 + 2 * i / (ROWS - 1));
const data = { x: xs, features: 1, y: new Float64Array(ROWS), labels: new Int32Array(ROWS), weights: new Float64Array(ROWS).fill(1) };
const hand = Float64Array.from(xs, (x) => -0.5 * x);
const SHAPES = {
    fold: (x) => 2 * Math.abs(x) - 1,
    step: (x) => (x > 0 ? 0.8 : -0.8),
    wave: (x) => 0.9 * (4 * x * x * x - 3 * x),
};
let alpha = 1, strength = 0.03, parameters, state, epochs, losses, timer = 0;

function begin() {
    stop();
    const normal = normals(1);
    parameters = new Float64Array(SIZE);
    for (let i = 1; i < WIDTHS.length; i++) {
        const scale = 1 / Math.sqrt(WIDTHS[i - 1]);
        for (let p = 0; p < WIDTHS[i] * WIDTHS[i - 1]; p++) parameters[layout[i][PHI] + p] = scale * normal();
    }
    parameters.fill(1, layout[3][LAMBDA_OUT], layout[3][LAMBDA_OUT] + 1);
    const zeros = () => new Float64Array(SIZE);
    state = { gradient: zeros(), first: zeros(), second: zeros(), step: 0 };
    epochs = 0;
    losses = [];
    show();
}

function aim() {
    const bent = $("shape").value === "drawn" ? (_, i) => hand[i] : SHAPES[$("shape").value];
    xs.forEach((x, i) => { data.y[i] = (1 - alpha) * 0.7 * x + alpha * bent(x, i); });
}

/** Positions of all eigenvalues in the parameters: the input's, those of hidden layers 1 and 2, the output's. */
const eigenvalues = [
    [layout[1][LAMBDA_IN], 2], [layout[2][LAMBDA_IN], 8], [layout[3][LAMBDA_IN], 8], [layout[3][LAMBDA_OUT], 1],
];

/** The share of the rates in an epoch: it falls from 1 to 0 in each run of LIMIT epochs, gently at both ends. */
function share() {
    const u = (epochs % LIMIT) / LIMIT;
    return 1 - u * u * (3 - 2 * u);
}

function epoch() {
    const first = layout[1][LAMBDA_IN];
    const options = {
        loss: "squared_error", batchSize: BATCH, smoothing: 0, clipNorm: 1, factors: new Array(6).fill(share()),
        trainable: [{ start: 0, stop: first, rate: RATE, decay: 0 }, { start: first, stop: SIZE, rate: EIGENVALUE_RATE, decay: 0 }],
        penalised: [], optimizer: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
        shrunk: eigenvalues.slice(0, 3).map(([start, count]) => ({ start, stop: start + count, kind: "l1", threshold: EIGENVALUE_RATE * strength })),
    };
    [losses[epochs]] = epochGlobal(data, shuffled(ROWS, epochs), layout, TANH, parameters, options, state);
    epochs += 1;
}

const predictions = () => predictGlobal(xs, ROWS, 1, layout, TANH, parameters);

/** The mean squared error over all rows, after the last step. */
const loss = () => predictions().reduce((sum, z, i) => sum + (z - data.y[i]) ** 2, 0) / ROWS;

function live(number) {
    const [start, count] = eigenvalues[number];
    return parameters.subarray(start, start + count).reduce((sum, value) => sum + (Math.abs(value) > OFF), 0);
}

function spectrum() {
    $("spectrum").replaceChildren();
    const names = ["input", "hidden layer 1", "hidden layer 2", "output"];
    const largest = Math.max(0.5, ...eigenvalues.flatMap(([start, count]) => Array.from(parameters.subarray(start, start + count), Math.abs)));
    let x = 10;
    eigenvalues.forEach(([start, count], number) => {
        drawn($("spectrum"), "text", { x, y: 164 }, names[number]);
        for (let k = 0; k < count; k++) {
            const value = Math.abs(parameters[start + k]), height = Math.max(2, 135 * value / largest);
            drawn($("spectrum"), "rect", { x: x + 13 * k, y: 145 - height, width: 10, height, class: value > OFF ? "bar" : "bar off" });
        }
        x += Math.max(13 * count, 42) + 14;
    });
}

function show() {
    aim();
    const z = predictions();
    $("plot").replaceChildren();
    drawn($("plot"), "polyline", { class: "given", points: line(xs, data.y.map((v) => v / 1.5), 400, 300) });
    drawn($("plot"), "polyline", { class: "learned", points: line(xs, z.map((v) => v / 1.5), 400, 300) });
    drawn($("plot"), "text", { x: 8, y: 18 }, "grey: target, coloured: network");
    spectrum();
    $("losses").replaceChildren();
    if (losses.length > 1) {
        const logs = losses.map((value) => log(value)), high = Math.max(...logs), low = Math.min(...logs, high - 1);
        const at = logs.map((_, i) => 2 * i / (logs.length - 1) - 1), level = logs.map((v) => 0.9 * (2 * (v - low) / (high - low) - 1));
        drawn($("losses"), "polyline", { class: "learned", points: line(at, level, 400, 120) });
    }
    drawn($("losses"), "text", { x: 8, y: 14 }, "of each epoch, on a logarithmic scale");
    $("epoch").textContent = epochs;
    $("loss").textContent = shown(loss(), 4);
    $("loss").dataset.value = loss();
    $("plot").dataset.parameters = parameters.join(" ");
    $("words").textContent = words();
}

function words() {
    const [first, second] = [live(1), live(2)];
    if (!first && !second) return "All eigenvalues of the hidden layers rest at 0: the network is a line.";
    const of = (count, layer) => `Hidden layer ${layer}: ${count === 0 ? "off" : `${count} of 8 eigenvalues are on`}.`;
    return `${of(first, 1)} ${of(second, 2)}`;
}

function stop() {
    clearTimeout(timer);
    timer = 0;
    $("train").textContent = "Train";
}

function run() {
    for (let n = 0; n < 5 && epochs % LIMIT !== LIMIT - 1; n++) epoch();
    epoch();
    show();
    if (epochs % LIMIT === 0) return stop();
    timer = setTimeout(run, 15);
}

$("train").addEventListener("click", () => {
    if (timer) return stop();
    $("train").textContent = "Stop";
    run();
});
$("begin").addEventListener("click", begin);
$("shape").addEventListener("change", show);
slider($("choices"), "alpha", "share α", 1, (value) => { alpha = value; if (parameters) show(); }, { low: 0, high: 1 });
slider($("price"), "strength", "penalty", 0.03, (value) => { strength = value; }, { low: 0, high: 0.06, step: 0.005 });

// Drawing: a pointer that is held down sets the target where it is.
let last = null;
function pointed(event) {
    const box = $("plot").getBoundingClientRect();
    const column = Math.min(ROWS - 1, Math.max(0, Math.round((event.clientX - box.left) / box.width * (ROWS - 1))));
    const value = Math.min(1.4, Math.max(-1.4, 1.5 * (1 - 2 * (event.clientY - box.top) / box.height)));
    const from = last ?? { column, value };
    const [low, high] = [Math.min(from.column, column), Math.max(from.column, column)];
    for (let i = low; i <= high; i++) {
        const share = high === low ? 1 : (i - from.column) / (column - from.column);
        hand[i] = from.value + share * (value - from.value);
    }
    last = { column, value };
    $("shape").value = "drawn";
    show();
}
$("plot").addEventListener("pointerdown", (event) => {
    hand.set(data.y);
    $("plot").setPointerCapture(event.pointerId);
    last = null;
    pointed(event);
});
$("plot").addEventListener("pointermove", (event) => { if (event.buttons) pointed(event); });
begin();
