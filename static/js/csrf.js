// The header that a POST of the page's own needs: the token is in its forms.

export function csrf() {
  return { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "" };
}
