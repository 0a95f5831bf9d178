// A bar of views that is wider than the window shows the one that is open.
for (const open of document.querySelectorAll(".views [aria-current], .settings-nav [aria-current]")) {
  open.scrollIntoView({ block: "nearest", inline: "nearest" });
}
