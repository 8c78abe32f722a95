'use strict';
// Draws the charts of the report from the JSON in #data. No network, no storage; colours come from the style sheet.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const see_through = (hex, part) => hex + Math.round(part * 255).toString(16).padStart(2, '0');
  const with_decimals = (n) => new Intl.NumberFormat('en-US', { minimumFractionDigits: n, maximumFractionDigits: n });
  const two = with_decimals(2), one = with_decimals(1);
  const short = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });
  const charts = {};
  const state = { unit: 'percent', axis: 'logarithmic', days: 0, at: 1000 };

  // ---- a time axis on Unix seconds, UTC
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const hour = 3600, day = 86400;
  const two_digits = (n) => String(n).padStart(2, '0');
  const date_time = (t) => new Date(t * 1000).toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
  const even_steps = [hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 4 * day, 7 * day, 14 * day];
  const month_steps = [1, 2, 3, 6, 12, 24, 60, 120];

  function time_ticks(min, max, most) {
    const even = even_steps.find((s) => (max - min) / s <= most);
    const ticks = [];
    if (even) {
      for (let t = Math.ceil(min / even) * even; t <= max; t += even) ticks.push({ value: t });
      return ticks;
    }
    const step = month_steps.find((m) => (max - min) / (m * 30.4 * day) <= most) || 240;
    const first = new Date(min * 1000);
    for (let m = first.getUTCFullYear() * 12 + Math.ceil(first.getUTCMonth() / step) * step; ; m += step) {
      const t = Date.UTC(Math.floor(m / 12), m % 12, 1) / 1000;
      if (t > max) return ticks;
      if (t >= min) ticks.push({ value: t });
    }
  }
  function time_label(t, index, ticks) {
    const d = new Date(t * 1000);
    const step = ticks.length > 1 ? ticks[1].value - ticks[0].value : day;
    const day_month = d.getUTCDate() + ' ' + months[d.getUTCMonth()];
    if (step < day) return d.getUTCHours() === 0 ? day_month : two_digits(d.getUTCHours()) + ':00';
    if (step < 27 * day) return day_month;
    if (step >= 360 * day) return String(d.getUTCFullYear());
    return d.getUTCMonth() === 0 || index === 0 ? months[d.getUTCMonth()] + ' ' + d.getUTCFullYear() : months[d.getUTCMonth()];
  }
  // 1, 2, 5, 10, ... on a logarithmic axis; fewer where they would crowd.
  function log_ticks(axis) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(axis.min)); power <= Math.ceil(Math.log10(axis.max)); ++power)
      for (const digit of Math.log10(axis.max / axis.min) > 3.2 ? [1] : [1, 2, 5]) {
        const value = digit * 10 ** power;
        if (value >= axis.min * 0.999 && value <= axis.max * 1.001) ticks.push({ value });
      }
    // A short axis keeps the library's ticks, but for those of its two ends.
    axis.ticks = ticks.length > 2 ? ticks : axis.ticks.filter((t) => t.value > axis.min && t.value < axis.max);
  }

  const crosshair = {
    id: 'crosshair',
    afterDatasetsDraw(chart) {
      const active = chart.tooltip && chart.tooltip.getActiveElements();
      if (!active || active.length === 0 || chart.tooltip.opacity === 0) return;
      const { ctx, chartArea } = chart;
      ctx.save();
      ctx.strokeStyle = see_through(colour('soft'), 0.5);
      ctx.beginPath();
      ctx.moveTo(active[0].element.x, chartArea.top);
      ctx.lineTo(active[0].element.x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };

  function options({ unit, title, type = 'linear', format = (v) => two.format(v), axis_format = (v) => short.format(v), zero = false }) {
    const soft = colour('soft'), grid = colour('grid');
    return {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
      interaction: { mode: 'index', intersect: false, axis: 'x' },
      layout: { padding: { right: 8 } },
      scales: {
        x: {
          type: 'linear', grid: { color: grid, borderColor: grid }, ticks: { color: soft, maxRotation: 0, autoSkip: false, callback: time_label },
          afterBuildTicks: (axis) => { axis.ticks = time_ticks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / 62))); },
        },
        y: {
          type, beginAtZero: zero, grace: type === 'linear' && !zero ? '4%' : 0, grid: { color: grid, borderColor: grid },
          title: { display: true, text: title || unit, color: soft },
          ticks: { color: soft, callback: (v) => axis_format(v), maxTicksLimit: 9 },
          afterBuildTicks: type === 'logarithmic' ? log_ticks : undefined,
        },
      },
      plugins: {
        legend: { position: 'top', align: 'start', labels: { color: colour('text'), boxWidth: 22, boxHeight: 0, padding: 12, sort: (a, b) => a.datasetIndex - b.datasetIndex } },
        tooltip: {
          callbacks: {
            title: (items) => (items.length ? date_time(items[0].parsed.x) : ''),
            label: (item) => ' ' + item.dataset.label + ': ' + format(item.parsed.y) + ' ' + unit,
          },
        },
      },
    };
  }
  // The first sleeve lies broad below the others, so that one sees both where two run together.
  function line(name, style, points, more = {}) {
    const shade = colour(style);
    return { label: name, data: points, borderColor: shade, backgroundColor: shade, borderWidth: style === 'c0' ? 2.8 : 1.5, order: style === 'c0' ? 5 : 4, pointRadius: 0, pointHitRadius: 0,
             pointHoverRadius: 3, borderDash: style === 'cash' ? [6, 4] : [], ...more };
  }
  function draw(id, config) {
    if (charts[id]) charts[id].destroy();
    charts[id] = new Chart(document.getElementById(id), { plugins: [crosshair], ...config });
  }
  const points = (xs, ys, scale = 1) => xs.map((x, i) => ({ x, y: ys[i] * scale }));
  // A logarithmic axis would reach to the next power of ten; this one ends just beyond the values.
  function snug(made, values) {
    if (made.scales.y.type !== 'logarithmic') return made;
    const sound = values.filter((v) => v > 0);
    made.scales.y.min = sound.reduce((a, b) => Math.min(a, b), Infinity) * 0.9;
    made.scales.y.max = sound.reduce((a, b) => Math.max(a, b), 0) * 1.1;
    return made;
  }
  const bounded = (made, xs) => { made.scales.x.min = xs[0]; made.scales.x.max = xs[xs.length - 1]; return made; };

  function draw_equity() {
    const percent = state.unit === 'percent';
    const sets = data.equity.series.map((s) => line(s.name, s.style, points(data.equity.x, s.y, percent ? 100 / s.start : 1)));
    const unit = percent ? '% of start' : data.quote;
    const made = options({ unit, title: percent ? 'value, % of start' : 'value, ' + data.quote, type: state.axis, zero: true, format: percent ? one.format : two.format });
    draw('equity', { type: 'line', data: { datasets: sets }, options: bounded(snug(made, sets.flatMap((s) => s.data.map((p) => p.y))), data.equity.x) });
  }
  function draw_plain(id, unit, format, more = {}, chart = data[id]) {
    const sets = chart.series.map((s) => line(s.name, s.style, points(chart.x, s.y), s.dashed ? { ...more, borderDash: [5, 3], borderWidth: 1.5 } : more));
    draw(id, { type: 'line', data: { datasets: sets }, options: bounded(options({ unit, format, zero: true }), chart.x) });
  }

  // ---- price and trades: the whole series is here; the chart library thins what is in the window
  const price = (() => {
    if (!data.price) return [];
    let t = data.price.first;
    return data.price.step.map((hours, i) => ({ x: (t += hours * hour), y: data.price.y[i] }));
  })();
  function visible_window() {
    const first = price[0].x, last = price[price.length - 1].x;
    if (state.days === 0 || last - first <= state.days * day) return [first, last];
    const end = Math.round((first + state.days * day + (state.at / 1000) * (last - first - state.days * day)) / hour) * hour;
    return [end - state.days * day, end];
  }
  // Buys stand below the price and sells above it, each sleeve one step further away; where fills crowd, they are small and see-through.
  function marks(fills, is_buy, from, to, radius, away) {
    const crowded = radius < 3;
    const found = [];
    for (let i = 0; i < fills.t.length; ++i)
      if (fills.buy[i] === is_buy && fills.t[i] >= from && fills.t[i] <= to)
        found.push({ x: fills.t[i], y: away(fills.price[i], is_buy), text: (is_buy ? 'bought for ' : 'sold for ') + two.format(fills.quote[i]) + ' ' + data.quote +
                     ' at ' + short.format(fills.price[i]) + ', fee ' + two.format(fills.fee[i]) });
    const shade = colour(fills.style);
    return { label: fills.name + (is_buy ? ' buys' : ' sells'), data: found, showLine: false, pointStyle: 'triangle', rotation: is_buy ? 0 : 180,
             radius, hoverRadius: radius + 2, hitRadius: 4, borderColor: crowded ? 'transparent' : shade, borderWidth: crowded ? 0 : 1.2,
             backgroundColor: is_buy ? see_through(shade, crowded ? 0.4 : 1) : see_through(crowded ? shade : colour('card'), crowded ? 0.25 : 1),
             pointRotation: is_buy ? 0 : 180, order: 0 };
  }
  function draw_price() {
    if (price.length === 0) return;
    const [from, to] = visible_window();
    const inside = price.filter((p) => p.x >= from && p.x <= to);
    const ys = inside.map((p) => p.y);
    const most = ys.reduce((a, b) => Math.max(a, b), 0), least = ys.reduce((a, b) => Math.min(a, b), Infinity);
    const count = data.fills.reduce((n, f) => n + f.t.filter((t) => t >= from && t <= to).length, 0);
    const radius = count > 1500 ? 2 : count > 400 ? 3 : count > 120 ? 4 : 6;
    const sets = [line('price', 'price', inside, { borderWidth: 1.2, pointHitRadius: 1, pointStyle: 'line', order: 1 })];
    const is_log = most > 4 * least;
    const height = document.getElementById('price').parentElement.clientHeight - 70;
    data.fills.forEach((fills, i) => {
      const pixels = (5 + radius) + i * (2 * radius + 3);
      const part = pixels / height;
      const away = (y, is_buy) => (is_log ? y * (most / least) ** (is_buy ? -part : part) : y + (is_buy ? -part : part) * (most - least));
      sets.push(marks(fills, true, from, to, radius, away), marks(fills, false, from, to, radius, away));
    });
    const made = options({ unit: data.quote, title: data.quote + ' per ' + data.base, type: is_log ? 'logarithmic' : 'linear', format: short.format });
    snug(made, ys);
    made.interaction = { mode: 'nearest', intersect: false, axis: 'xy' };
    made.scales.x.min = from;
    made.scales.x.max = to;
    made.plugins.decimation = { enabled: true, algorithm: 'min-max', threshold: 1200 };
    made.plugins.legend.labels = { ...made.plugins.legend.labels, usePointStyle: true, boxWidth: 12, boxHeight: 8 };
    made.plugins.tooltip.callbacks.label = (item) => ' ' + (item.raw.text ? item.dataset.label.replace(/ (buys|sells)$/, ' ') + item.raw.text : short.format(item.parsed.y) + ' ' + data.quote);
    draw('price', { type: 'line', data: { datasets: sets }, options: made });
    document.getElementById('price-note').textContent = count.toLocaleString('en-US') + ' fills marked between ' + date_time(from) + ' and ' + date_time(to) +
      (radius < 3 ? '; a shorter window tells them apart.' : '.') + ' Buys stand below the price, sells above.' + data.fills_note;
  }

  function draw_all() {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    for (const chart of data.plain || []) draw_plain(chart.id, chart.unit, two.format, {}, chart);
    if (!data.equity || data.equity.x.length === 0) return;
    draw_equity();
    draw_price();
    draw_plain('drawdown', '%', one.format);
    draw_plain('fees', data.quote, two.format);
    if (data.returned.series.length > 0) draw_plain('returned', data.quote, two.format, { fill: 'origin', backgroundColor: see_through(colour(data.returned.series[0].style), 0.12) });
    else document.querySelector('#returned-card .plot').remove();
  }
  function press(group, button) {
    for (const other of group) other.setAttribute('aria-pressed', String(other === button));
  }
  for (const button of document.querySelectorAll('#equity-buttons button'))
    button.addEventListener('click', () => {
      state[button.dataset.set] = button.dataset.value;
      press(document.querySelectorAll(`#equity-buttons button[data-set="${button.dataset.set}"]`), button);
      draw_equity();
    });
  const slider = document.getElementById('price-at');
  for (const button of document.querySelectorAll('#price-buttons button'))
    button.addEventListener('click', () => {
      state.days = Number(button.dataset.days);
      slider.disabled = state.days === 0;
      press(document.querySelectorAll('#price-buttons button'), button);
      draw_price();
    });
  if (slider) slider.addEventListener('input', () => { state.at = Number(slider.value); draw_price(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw_all);
  draw_all();
})();
