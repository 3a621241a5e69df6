'use strict';
// Values of charts, by pointer and by arrow keys. Charts of one data-sync move together.
(() => {
  const plots = [...document.querySelectorAll('svg.plot[data-at]')].map((svg) => {
    const cross = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    cross.setAttribute('class', 'cross');
    cross.setAttribute('y2', '100%');
    return { svg, cross, at: JSON.parse(svg.dataset.at), text: JSON.parse(svg.dataset.text), out: svg.closest('figure').querySelector('output'), now: -1 };
  });
  const nearest = (at, x) => {
    let best = 0;
    at.forEach((v, i) => { if (Math.abs(v - x) < Math.abs(at[best] - x)) best = i; });
    return best;
  };
  const show = (p, i) => {
    p.now = i;
    p.out.textContent = p.text[i];
    p.cross.setAttribute('x1', p.at[i] / 100 + '%');
    p.cross.setAttribute('x2', p.at[i] / 100 + '%');
    p.svg.append(p.cross);
  };
  const hide = (p) => {
    p.now = -1;
    p.out.textContent = p.out.dataset.says;
    p.cross.remove();
  };
  const others = (p) => plots.filter((o) => o === p || (p.svg.dataset.sync && o.svg.dataset.sync === p.svg.dataset.sync));
  for (const p of plots) {
    p.svg.addEventListener('pointermove', (e) => {
      const box = p.svg.getBoundingClientRect();
      const x = ((e.clientX - box.left) / box.width) * 10000;
      for (const o of others(p)) show(o, nearest(o.at, x));
    });
    p.svg.addEventListener('pointerleave', () => others(p).forEach(hide));
    p.svg.addEventListener('blur', () => others(p).forEach(hide));
    p.svg.addEventListener('keydown', (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[e.key];
      if (e.key === 'Escape') others(p).forEach(hide);
      if (step === undefined) return;
      e.preventDefault();
      const i = Math.min(Math.max((p.now < 0 && step > 0 ? -1 : p.now) + step, 0), p.at.length - 1);
      for (const o of others(p)) show(o, nearest(o.at, p.at[i]));
    });
  }
})();
