// What a telephone has and a keyboard has not: where one stands, and a voice. Each button is shown
// only where the device can do it; what it makes is handed to the page as any other message.
"use strict";

(() => {
  const texts = JSON.parse(document.body.dataset.texts);
  const tools = document.getElementById("tools");
  const locate = document.getElementById("locate");
  const record = document.getElementById("record");
  const status = document.getElementById("status");
  const recorder = document.getElementById("recorder");
  const LONGEST_SECONDS = 180;
  // Chromium and Firefox write webm, Safari mp4; the office plays both.
  const KINDS = [["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/ogg;codecs=opus", "ogg"]];

  const hand = (detail) => document.dispatchEvent(new CustomEvent("message-made", { detail }));
  const say = (text) => { status.textContent = text || ""; };
  const button = (className, text, press) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = className;
    made.textContent = text;
    made.addEventListener("click", press);
    return made;
  };

  // ---- where one stands ----

  const found = ({ coords }) => {
    say("");
    locate.disabled = false;
    // Five decimals are a metre: enough for a pothole, and no pretence of more.
    const [latitude, longitude] = [coords.latitude, coords.longitude].map((value) => value.toFixed(5));
    hand({ text: texts.position.replace("{latitude}", latitude).replace("{longitude}", longitude) });
  };

  const lost = (error) => {
    locate.disabled = false;
    say(error.code === error.PERMISSION_DENIED ? texts.locate_denied : texts.locate_failed);
  };

  locate.addEventListener("click", () => {
    locate.disabled = true;
    say(texts.locating);
    navigator.geolocation.getCurrentPosition(found, lost, {
      enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000,
    });
  });

  // ---- a voice ----

  const kind = () => KINDS.find(([type]) => MediaRecorder.isTypeSupported(type));
  const time = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  const scroll = document.getElementById("scroll");
  const open = (...parts) => {
    recorder.replaceChildren(...parts);
    recorder.hidden = false;
    scroll.scrollTop = scroll.scrollHeight;  // what was asked stays in sight above the row
  };

  const close = () => {
    recorder.replaceChildren();
    recorder.hidden = true;
    record.disabled = false;
    record.focus({ preventScroll: true });
  };

  const offer = (file) => {
    const player = document.createElement("audio");
    const address = URL.createObjectURL(file);
    player.controls = true;
    player.src = address;
    const end = (send) => () => {
      URL.revokeObjectURL(address);
      if (send) hand({ text: "", file });
      close();
    };
    const send = button("primary", texts.record_send, end(true));
    open(player, send, button("", texts.record_drop, end(false)));
    send.focus({ preventScroll: true });
  };

  const listen = (stream) => {
    const [type, ending] = kind();
    const machine = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 24_000 });
    const pieces = [];
    let kept = true;
    const began = Date.now();
    const label = document.createElement("span");
    const tick = () => {
      const seconds = Math.round((Date.now() - began) / 1000);
      label.textContent = `${texts.recording} ${time(seconds)}`;
      if (seconds >= LONGEST_SECONDS) machine.stop();
    };
    const ticking = setInterval(tick, 500);
    machine.addEventListener("dataavailable", (event) => pieces.push(event.data));
    machine.addEventListener("stop", () => {
      clearInterval(ticking);
      for (const track of stream.getTracks()) track.stop();
      if (kept && pieces.some((piece) => piece.size)) {
        offer(new File(pieces, `ghi-am.${ending}`, { type: type.split(";")[0] }));
      } else close();
    });
    label.className = "live";
    const done = button("primary", texts.record_done, () => machine.stop());
    const drop = button("", texts.record_drop, () => { kept = false; machine.stop(); });
    open(label, done, drop);
    tick();
    machine.start();
    done.focus({ preventScroll: true });
  };

  record.addEventListener("click", async () => {
    record.disabled = true;
    say("");
    try {
      listen(await navigator.mediaDevices.getUserMedia({ audio: true }));
    } catch {
      record.disabled = false;
      say(texts.record_denied);
    }
  });

  locate.hidden = !(isSecureContext && navigator.geolocation);
  record.hidden = !(isSecureContext && navigator.mediaDevices?.getUserMedia && window.MediaRecorder && kind());
  tools.hidden = locate.hidden && record.hidden;
})();
