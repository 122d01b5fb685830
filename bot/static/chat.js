// Live chat: sends without reloading, hears notices as they come, keeps what could not be sent.
// The page works without it; nothing here knows a rule or a sentence of its own.
"use strict";

(() => {
  const body = document.body;
  const texts = JSON.parse(body.dataset.texts);
  const base = `/api/v1/chat/${encodeURIComponent(body.dataset.session)}`;
  const byId = (id) => document.getElementById(id);
  const log = byId("log");
  const scroll = byId("scroll");
  const choices = byId("choices");
  const typing = byId("typing");
  const status = byId("status");
  const form = byId("composer");
  const field = byId("text");
  const fileField = byId("file");
  const UNSENT = "tiepdan-unsent";

  const shown = new Set([...log.children].map((item) => Number(item.dataset.id)));
  let last = Number(body.dataset.last);
  let queue = [];
  let sending = false;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
  // A long answer is read from its first line: its top stays in sight, not its end.
  const toTopOf = (item) => {
    scroll.scrollTop = Math.min(item.offsetTop - log.offsetTop, scroll.scrollHeight);
  };
  const say = (text) => { status.textContent = text || ""; };

  const clock = (at) => {
    const element = make("time", "", at.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" }));
    element.dateTime = at.toISOString();
    return element;
  };

  const receiptCard = (card, keep) => {
    const box = make("div", "receipt");
    box.append(make("h2", "", texts.receipt));
    const codes = make("div", "codes");
    const list = make("dl");
    for (const [label, value, kind] of [
      [texts.receipt_reference, card.reference, "code"],
      [texts.receipt_secret, card.secret, "code"],
      [texts.receipt_agency, card.agency, ""],
    ]) list.append(make("dt", "", label), make("dd", kind, value));
    const picture = make("img");
    picture.src = card.qr;
    picture.width = picture.height = 116;
    picture.alt = texts.receipt_qr;
    codes.append(list, picture);
    box.append(codes, make("p", "", card.next_date), make("p", "keep", keep));
    box.append(copyButton(`${card.reference}  ${card.secret}`));
    return box;
  };

  const documentCard = (card) => {
    const link = make("a", "document");
    link.href = card.address;
    link.download = "";
    const about = make("span", "about");
    about.append(make("b", "", card.name), make("small", "", `${texts.document} · ${card.size_text}`));
    link.append(make("span", "kind", card.kind), about, make("span", "get", texts.download));
    return link;
  };

  const copyButton = (value) => {
    const button = make("button", "copy", texts.copy);
    button.type = "button";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(value);
      button.textContent = texts.copied;
    });
    return button;
  };

  const show = (message) => {
    byId("empty")?.remove();
    const mine = message.direction === "in";
    const item = make("li", mine ? "mine" : "ours");
    if (message.notice) item.classList.add("notice");
    if (message.topic === "emergency.all") item.classList.add("alarm");
    if (message.id) item.dataset.id = message.id;
    item.append(make("span", "who", mine ? texts.you : texts.us));
    item.append(message.receipt ? receiptCard(message.receipt, texts.keep) : make("div", "bubble", message.text));
    item.append(...(message.documents || []).map(documentCard));
    if (message.files) item.append(make("span", "files", texts.file_sent));
    item.append(clock(message.at ? new Date(message.at) : new Date()));
    log.append(item);
    toEnd();
    return item;
  };

  const showOurs = (messages) => {
    let first = null;
    for (const message of messages) {
      if (shown.has(message.id)) continue;
      shown.add(message.id);
      last = Math.max(last, message.id);
      const item = show({ direction: "out", ...message });
      first ??= item;
      offer(message.choices || []);
    }
    if (first) toTopOf(first);
    if (first && document.hidden) document.title = `● ${document.title.replace(/^● /, "")}`;
  };

  const offer = (labels) => {
    choices.replaceChildren(...labels.map((label, index) => {
      const button = make("button");
      button.type = "button";
      button.dataset.label = label;
      button.append(make("b", "", String(index + 1)), ` ${label}`);
      button.addEventListener("click", () => { enqueue(label); field.focus({ preventScroll: true }); });
      return button;
    }));
  };

  const labels = () => [...choices.children].map((button) => button.dataset.label ?? button.value);

  // ---- sending ----

  const keep = () => {
    const texts = queue.filter((entry) => !entry.file).map(({ id, text }) => ({ id, text }));
    if (texts.length) sessionStorage.setItem(UNSENT, JSON.stringify(texts));
    else sessionStorage.removeItem(UNSENT);
  };

  const enqueue = (text, file) => {
    const entry = { id: newId(), text, file, choices: labels() };
    entry.item = show({ direction: "in", text: file ? file.name : text });
    entry.item.classList.add("waiting");
    choices.replaceChildren();
    queue.push(entry);
    keep();
    void work();
  };

  const work = async () => {
    if (sending) return;
    sending = true;
    while (queue.length) {
      const entry = queue[0];
      typing.hidden = false;
      toEnd();
      const outcome = entry.file ? await upload(entry) : await post(entry);
      typing.hidden = true;
      if (outcome === "later") { failed(entry); break; }
      queue.shift();
      keep();
      entry.item.classList.remove("waiting");
      entry.item.classList.toggle("failed", outcome === "refused");
      entry.item.querySelector(".retry")?.remove();
    }
    sending = false;
  };

  const answered = async (response, entry) => {
    if (response.ok) {
      say("");
      const reply = await response.json();
      showOurs(reply.replies);
      if (reply.replies.some((one) => one.topic === "language.changed" || one.topic === "language.guessed")) {
        location.reload();
      }
      return "done";
    }
    if (response.status === 429) {
      const wait = Number(response.headers.get("Retry-After")) || 5;
      say(`${texts.failed} (${wait}s)`);
      setTimeout(() => void work(), wait * 1000);
      return "later";
    }
    if (response.status >= 500) return "later";
    const problem = await response.json().catch(() => ({}));
    say([entry.file ? texts.upload_failed : texts.failed, problem.detail].filter(Boolean).join(" "));
    entry.item.classList.add("failed");
    if (!choices.children.length) offer(entry.choices || []);  // the question is still open
    toEnd();
    return "refused";
  };

  const post = async (entry) => {
    try {
      const response = await fetch(`${base}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text: entry.text, client_message_id: entry.id }),
      });
      return await answered(response, entry);
    } catch {
      return "later";
    }
  };

  const upload = (entry) => new Promise((resolve) => {
    const data = new FormData();
    data.append("file", entry.file);
    data.append("text", entry.text || "");
    data.append("client_message_id", entry.id);
    const progress = make("progress");
    progress.max = 1;
    status.replaceChildren(texts.uploading.replace("{name}", entry.file.name), progress);
    const request = new XMLHttpRequest();
    request.open("POST", `${base}/attachments`);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("error", () => resolve("later"));
    request.addEventListener("load", async () => {
      resolve(await answered(new Response(request.responseText, {
        status: request.status,
        headers: { "Retry-After": request.getResponseHeader("Retry-After") || "" },
      }), entry));
    });
    request.send(data);
  });

  const failed = (entry) => {
    entry.item.classList.add("failed");
    say(navigator.onLine ? texts.failed : texts.offline);
    if (entry.item.querySelector(".retry")) return;
    const button = make("button", "retry", texts.retry);
    button.type = "button";
    button.addEventListener("click", () => void work());
    entry.item.append(button);
    toEnd();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const picked = event.submitter?.name === "choice" ? event.submitter.value : "";
    const text = picked || field.value.trim();
    if (!text) { field.focus(); return; }
    if (!picked) { field.value = ""; grow(); }
    enqueue(text);
    field.focus({ preventScroll: true });
  });

  field.addEventListener("keydown", (event) => {
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 3, 144)}px`;
  };
  field.addEventListener("input", grow);

  fileField.addEventListener("change", () => {
    const text = field.value.trim();
    [...fileField.files].forEach((file, index) => enqueue(index ? "" : text, file));
    if (text) { field.value = ""; grow(); }
    fileField.value = "";
  });

  document.addEventListener("message-made", (event) => {
    enqueue(event.detail.text, event.detail.file);
  });

  // ---- hearing ----

  const listen = () => {
    const source = new EventSource(`${base}/events?after=${last}`);
    source.addEventListener("message", (event) => showOurs([JSON.parse(event.data)]));
  };

  addEventListener("online", () => { say(texts.online); void work(); });
  addEventListener("offline", () => say(texts.offline));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.title = document.title.replace(/^● /, "");
  });

  for (const box of document.querySelectorAll(".receipt")) {
    const [reference, secret] = [...box.querySelectorAll(".code")].map((code) => code.textContent);
    box.append(copyButton(`${reference}  ${secret}`));
  }
  for (const entry of JSON.parse(sessionStorage.getItem(UNSENT) || "[]")) {
    queue.push({ ...entry, item: show({ direction: "in", text: entry.text }) });
  }
  grow();
  const mine = log.querySelectorAll(".mine");
  if (mine.length) toTopOf(mine[mine.length - 1]);
  listen();
  void work();
})();
