// A 2-20-1 relu network in the layer-wise parametrization: W_h = -λ_h φ_h, so λ_h = 0 silences neuron h.

const HIDDEN = 20, ROWS = 101, EPOCHS = 1000;
const layout = layoutOf("layerwise", [2, HIDDEN, 1], []);
const SIZE = parametersOf(layout, "layerwise");
const RELU = ACTIVATIONS.indexOf("relu");
const xs = Float64Array.from({ length: ROWS }, (_, i) => -1 + 2 * i / (ROWS - 1));
// A function of three kinks: three neurons and the linear part of one more are enough.
const target = Float64Array.from(xs, (x) => 1.2 * Math.abs(x + 0.4) - 1.6 * Math.max(0, x - 0.1) - 0.6);
const data = { x: xs, features: 1, y: target, labels: new Int32Array(ROWS), weights: new Float64Array(ROWS).fill(1) };
const spectrumAt = layout[1][LAMBDA_OUT];

function trained() {
    const parameters = new Float64Array(SIZE), normal = normals(3);
    for (const i of [1, 2]) {
        const count = i === 1 ? 2 * HIDDEN : HIDDEN;
        for (let p = 0; p < count; p++) parameters[layout[i][PHI] + p] = normal() * (i === 1 ? 0.7 : 0.22);
        parameters.fill(1, layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + (i === 1 ? HIDDEN : 1));
    }
    const zeros = () => new Float64Array(SIZE);
    const state = { gradient: zeros(), first: zeros(), second: zeros(), step: 0 };
    const groups = [[layout[1][PHI], 2 * HIDDEN], [layout[2][PHI], HIDDEN], [spectrumAt, HIDDEN]];
    const options = {
        loss: "squared_error", batchSize: 20, smoothing: 0, clipNorm: 0, factors: new Array(6).fill(1),
        trainable: groups.map(([start, count]) => ({ start, stop: start + count, rate: 0.01, decay: 0 })),
        penalised: [{ start: 0, stop: layout[1][LAMBDA_IN], kind: "l2", strength: 0.002 }],
        optimizer: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
        shrunk: [{ start: spectrumAt, stop: spectrumAt + HIDDEN, kind: "l1", threshold: 0.01 * 0.01 }],
    };
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
        const factor = epoch < EPOCHS / 2 ? 1 : 2 * (1 - epoch / EPOCHS);
        options.factors.fill(factor);
        epochLayerwise(data, shuffled(ROWS, epoch), layout, RELU, parameters, options, state);
    }
    return parameters;
}

const whole = trained();
const ranked = Array.from({ length: HIDDEN }, (_, h) => h)
    .sort((a, b) => Math.abs(whole[spectrumAt + b]) - Math.abs(whole[spectrumAt + a]));

/** The parameters with only the first neurons of the ranking. */
function kept(count) {
    const parameters = whole.slice();
    for (const h of ranked.slice(count)) parameters[spectrumAt + h] = 0;
    return parameters;
}

const predictions = (count) => predictLayerwise(xs, ROWS, 1, layout, RELU, kept(count));
const loss = (z) => z.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / ROWS;
const curve = Array.from({ length: HIDDEN + 1 }, (_, count) => loss(predictions(count)));

/** The fewest neurons whose loss is at most 0.001 above that of the whole network. */
const enough = curve.findIndex((value) => value <= curve[HIDDEN] + 0.001);

function show(count) {
    const z = predictions(count);
    $("plot").replaceChildren();
    for (const [name, values] of [["given", target], ["second", predictions(HIDDEN)], ["learned", z]]) {
        drawn($("plot"), "polyline", { class: name, points: line(xs, Array.from(values, (v) => v / 1.2), 400, 300) });
    }
    drawn($("plot"), "text", { x: 8, y: 18 }, "grey: target, dashed: 20 neurons, line: those that stay");
    $("spectrum").replaceChildren();
    const largest = Math.abs(whole[spectrumAt + ranked[0]]);
    ranked.forEach((h, i) => {
        const height = Math.max(2, 150 * Math.abs(whole[spectrumAt + h]) / largest);
        drawn($("spectrum"), "rect", { x: 6 + 19.5 * i, y: 165 - height, width: 14, height, class: i < count ? "bar" : "bar off" });
    });
    drawn($("spectrum"), "line", { x1: 3.5 + 19.5 * count, x2: 3.5 + 19.5 * count, y1: 4, y2: 166, class: "cut" });
    $("losses").replaceChildren();
    const logs = curve.map((value) => log(value + 1e-6)), high = Math.max(...logs), low = Math.min(...logs);
    const at = (i) => i / HIDDEN * 1.9 - 0.95, level = logs.map((v) => 0.85 * (2 * (v - low) / (high - low) - 1));
    drawn($("losses"), "polyline", { class: "learned", points: line(curve.map((_, i) => at(i)), level, 400, 170) });
    const [x] = [(at(count) + 1) / 2 * 400];
    drawn($("losses"), "line", { x1: x, x2: x, y1: 4, y2: 166, class: "cut" });
    $("loss").textContent = shown(curve[count], 5);
    $("loss").dataset.value = curve[count];
    $("plot").dataset.parameters = kept(count).join(" ");
    const change = curve[count] <= curve[HIDDEN] + 0.001 ? "The loss is as good as that of the whole network."
        : "Too many are gone: the function has changed.";
    $("words").textContent = `${count} of 20 neurons stay. ${change} ${enough} would be enough.`;
}

$("whole").textContent = shown(curve[HIDDEN], 5);
slider($("size"), "kept", "neurons", HIDDEN, show, { low: 0, high: HIDDEN, step: 1 });
show(HIDDEN);
