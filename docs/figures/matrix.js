// A 2-2-1 network: A from Λ and Φ, and the output by the printed kernel, which never forms A.

const WIDTHS = [2, 2, 1], FIRST = [0, 2, 4], NEURONS = 5;
const NAMES = ["1", "2", "3", "4", "5"];
const START = { lambda: [0.5, -0.5, 1, 0.4, 1], phi: [1, -0.5, 0.3, 0.8, 1.2, -0.7], x: [1, 0.5] };
const layout = layoutOf("global", WIDTHS, []);
const parameters = new Float64Array(parametersOf(layout, "global"));
const given = structuredClone(START);
const layerOf = (neuron) => (neuron < 2 ? 0 : neuron < 4 ? 1 : 2);

/** φ of a receiver and a sender: neurons of neighbouring layers, counted from 0. */
const phi = (receiver, sender) => (receiver < 4 ? given.phi[2 * (receiver - 2) + sender] : given.phi[4 + sender - 2]);

const identity = () => Array.from({ length: NEURONS }, (_, i) => Array.from({ length: NEURONS }, (_, j) => Number(i === j)));

/** Φ = I + N, with φ below the diagonal. */
function eigenvectors() {
    const matrix = identity();
    for (let i = 0; i < NEURONS; i++) {
        for (let j = 0; j < NEURONS; j++) if (layerOf(i) === layerOf(j) + 1) matrix[i][j] = phi(i, j);
    }
    return matrix;
}

/** Φ⁻¹ by forward substitution: row i is e_i less the rows before it, times Φ_ij. */
function inverse(matrix) {
    const result = identity();
    for (let i = 0; i < NEURONS; i++) {
        for (let j = 0; j < i; j++) {
            for (let k = 0; k < NEURONS; k++) result[i][k] -= matrix[i][j] * result[j][k];
        }
    }
    return result;
}

const adjacency = (left, right) =>
    left.map((row) => row.map((_, j) => row.reduce((sum, value, k) => sum + value * given.lambda[k] * right[k][j], 0)));

function table(id, matrix) {
    $(id).replaceChildren(...matrix.map((row, i) => {
        const line = document.createElement("tr");
        line.append(...row.map((value, j) => {
            const cell = document.createElement("td");
            cell.id = `${id}-${i + 1}-${j + 1}`;
            cell.dataset.value = value;
            cell.textContent = shown(value);
            if (layerOf(i) > layerOf(j)) cell.className = "weight";
            return cell;
        }));
        return line;
    }));
}

const place = (neuron) => [60 + 120 * layerOf(neuron), neuron === 4 ? 110 : 55 + 110 * (neuron % 2)];

function network(A) {
    $("network").replaceChildren();
    for (let i = 0; i < NEURONS; i++) {
        for (let j = 0; j < i; j++) {
            if (layerOf(i) === layerOf(j) || A[i][j] === 0) continue;
            const [x1, y1] = place(j), [x2, y2] = place(i);
            const bend = layerOf(i) - layerOf(j) === 2 ? (y1 < 110 ? -120 : 120) : 0;
            drawn($("network"), "path", {
                d: `M${x1} ${y1} Q${(x1 + x2) / 2} ${(y1 + y2) / 2 + bend} ${x2} ${y2}`, fill: "none",
                class: A[i][j] > 0 ? "plus" : "minus", "stroke-width": Math.min(9, 0.5 + 3 * Math.abs(A[i][j])),
            });
        }
    }
    for (let i = 0; i < NEURONS; i++) {
        const [cx, cy] = place(i);
        drawn($("network"), "circle", { cx, cy, r: 16, class: "neuron" });
        drawn($("network"), "text", { x: cx, y: cy + 5, "text-anchor": "middle" }, NAMES[i]);
    }
}

function words(A) {
    const strong = (value) => Math.abs(value) > 1e-12;
    const live = [2, 3].filter((h) => strong(A[h][0]) || strong(A[h][1]));
    const skips = [0, 1].filter((j) => strong(A[4][j]));
    const hidden = live.length === 0 ? "No hidden neuron has a weight from the inputs: the network is linear."
        : live.length === 1 ? `Hidden neuron ${live[0] + 1} has weights from the inputs; the other one is silent.`
            : "Both hidden neurons have weights from the inputs.";
    const past = skips.length === 0 ? "No skip connection leads past them."
        : skips.length === 1 ? `A skip connection leads past them from input ${skips[0] + 1}.`
            : "Skip connections lead past them from both inputs.";
    $("words").textContent = `${hidden} ${past}`;
}

function show() {
    parameters.set(given.phi.slice(0, 4), layout[1][PHI]);
    parameters.set(given.phi.slice(4), layout[2][PHI]);
    parameters.set(given.lambda.slice(0, 2), layout[1][LAMBDA_IN]);
    parameters.set(given.lambda.slice(2, 4), layout[2][LAMBDA_IN]);
    parameters.set(given.lambda.slice(4), layout[2][LAMBDA_OUT]);
    const Phi = eigenvectors(), Inverse = inverse(Phi), A = adjacency(Phi, Inverse);
    table("A", A);
    table("Phi", Phi);
    table("Inverse", Inverse);
    network(A);
    words(A);
    // The sum over all layers before, with the weights of A.
    const activation = ACTIVATIONS.indexOf($("activation").value);
    const z = Float64Array.from([2, 3], (h) => A[h][0] * given.x[0] + A[h][1] * given.x[1]);
    const x = new Float64Array(2);
    activate(activation, z, x, 2);
    const sum = A[4][0] * given.x[0] + A[4][1] * given.x[1] + A[4][2] * x[0] + A[4][3] * x[1];
    const [output] = predictGlobal(Float64Array.from(given.x), 1, 2, layout, activation, parameters);
    for (const [id, value] of [["output", output], ["summed", sum]]) {
        $(id).textContent = shown(value, 4);
        $(id).dataset.value = value;
    }
}

$("activation").append(...["relu", "tanh", "identity"].map((name) => new Option(name)));
$("activation").addEventListener("change", show);
const sliders = { lambda: [], phi: [], x: [] };
given.lambda.forEach((value, i) => {
    sliders.lambda.push(slider($("lambdas"), `lambda${i + 1}`, `λ of ${i + 1}`, value, (v) => { given.lambda[i] = v; show(); }));
});
[[3, 1], [3, 2], [4, 1], [4, 2], [5, 3], [5, 4]].forEach(([to, from], i) => {
    const label = `φ of ${to}, ${from}`;
    sliders.phi.push(slider($("phis"), `phi${to}${from}`, label, given.phi[i], (v) => { given.phi[i] = v; show(); }));
});
given.x.forEach((value, i) => {
    sliders.x.push(slider($("inputs"), `x${i + 1}`, `x of ${i + 1}`, value, (v) => { given.x[i] = v; show(); }));
});

function reset(values) {
    for (const [kind, numbers] of Object.entries(values)) {
        given[kind] = [...numbers];
        numbers.forEach((value, i) => sliders[kind][i].set(value));
    }
    show();
}
$("linear").addEventListener("click", () => reset({ lambda: [0, 0, 0, 0, 1] }));
$("start").addEventListener("click", () => reset(START));
show();
