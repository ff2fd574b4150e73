// SPDX-License-Identifier: GPL-3.0-or-later
// Asks every two seconds for what changes of this page, and changes only what differs: focus, selection and
// scrolling stay. Without it the page loads itself again, see layout.html.
"use strict";
{
    const EVERY = 2000;
    const live = document.getElementById("live");
    const status = document.getElementById("status");
    const pause = document.getElementById("pause");
    let paused = false;

    function say(text) {
        // What is said again is read aloud again.
        if (status.textContent !== text) {
            status.textContent = text;
        }
    }

    function same(from, to) {
        for (const { name } of [...from.attributes]) {
            if (!to.hasAttribute(name)) {
                from.removeAttribute(name);
            }
        }
        for (const { name, value } of to.attributes) {
            if (from.getAttribute(name) !== value) {
                from.setAttribute(name, value);
            }
        }
    }

    function become(from, to) {
        if (from.nodeName !== to.nodeName) {
            from.replaceWith(to);
        } else if (from.nodeType === Node.ELEMENT_NODE) {
            same(from, to);
            children(from, to);
        } else if (from.data !== to.data) {
            from.data = to.data;
        }
    }

    function children(from, to) {
        const old = [...from.childNodes];
        const wanted = [...to.childNodes];
        old.slice(wanted.length).forEach((node) => node.remove());
        wanted.forEach((node, at) => (at < old.length ? become(old[at], node) : from.append(node)));
    }

    async function refresh() {
        try {
            const answer = await fetch(location.href, { headers: { "X-Packetd-Live": "1" } });
            if (answer.status === 401) {
                location.assign("/");
                return;
            }
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            if (!paused) {
                become(live, page.getElementById("live"));
                say("Live");
            }
        } catch {
            say("The server does not answer; trying again");
        }
    }

    async function turn() {
        if (!paused && !document.hidden) {
            await refresh();
        }
        setTimeout(turn, EVERY);
    }

    pause.addEventListener("click", () => {
        paused = !paused;
        pause.textContent = paused ? "Go on" : "Pause";
        say(paused ? "Paused" : "Live");
    });
    pause.hidden = false;
    say("Live");
    setTimeout(turn, EVERY);
}
