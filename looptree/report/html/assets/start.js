// Everything is there: draw it.

looptree.patterns();
if (looptree.data.plans) looptree.startGraph();
looptree.drawCharts();

let resizing = null;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(looptree.drawCharts, 150);
});
document.documentElement.dataset.ready = "yes";
